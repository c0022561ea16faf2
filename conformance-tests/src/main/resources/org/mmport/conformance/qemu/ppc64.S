# The guest of the HW clauses for ppc64: stays in the hypervisor's real mode and does with translation on, as kernel and
# as user, what a list in memory says, one operation after the other; writes down how each ended.
# Built by scripts/build-guests; Ppc64Ram.java knows the same addresses.
        .set    MAILBOX, 0x300000               # +0 knock, +4 answer, +8 number of operations, +16 where own code is mapped
        .set    OPERATIONS, 0x1000              # from MAILBOX: code, address, two more words, 8 bytes each
        .set    REPLIES, 0x80000                # from MAILBOX: vector, syndrome, address, what was read
        .set    PATIENCE, 180                   # seconds after which a guest whose JVM died ends
        .set    TICKS, 512000000                # of the time base, a second
        .set    POWER9, 0x4e                    # upper half of the PVR

        .set    MSR_PR, 0x4000
        .set    MSR_IR, 0x20
        .set    MSR_DR, 0x10
        .set    PTCR, 464
        .set    LPIDR, 319
        .set    PIDR, 48
        .set    LPCR, 318
        .set    LPCR_HR, 0x10                   # of its bits 31:16
        .set    AMR, 29
        .set    IAMR, 61
        .set    SDR1, 25
        .set    HDSISR, 306
        .set    HDAR, 307
        .set    HSRR0, 314
        .set    HSRR1, 315

# Interrupts arrive in real mode, each at its vector, and all go to "arrived": r10 vector, r6 syndrome, r7 address.
        .macro  other at
        .org    \at
        li      6, 0
        li      7, 0
        li      10, \at
        b       arrived
        .endm

        .text
base:   b       start
        other   0x100                           # system reset
        other   0x200                           # machine check
        .org    0x300                           # data storage
        mfdsisr 6
        mfdar   7
        li      10, 0x300
        b       arrived
        .org    0x380                           # data segment
        li      6, 0
        mfdar   7
        li      10, 0x380
        b       arrived
        .org    0x400                           # instruction storage
        mfsrr1  6
        and     6, 6, 21
        mfsrr0  7
        li      10, 0x400
        b       arrived
        .org    0x480                           # instruction segment
        li      6, 0
        mfsrr0  7
        li      10, 0x480
        b       arrived
        other   0x500
        other   0x600
        other   0x700
        other   0x800
        .org    0x900                           # the decrementer, which users cannot mask
        mtdec   24
        rfid
        other   0x980
        other   0xa00
        other   0xb00
        other   0xc00                           # sc: how accesses that succeed end
        other   0xd00
        .org    0xe00                           # hypervisor data storage
        mfspr   6, HDSISR
        mfspr   7, HDAR
        li      10, 0xe00
        b       arrived
        .org    0xe20                           # hypervisor instruction storage
        mfspr   6, HSRR1
        and     6, 6, 21
        mfspr   7, HSRR0
        li      10, 0xe20
        b       arrived
        other   0xe40
        other   0xe60
        other   0xe80
        other   0xea0
        other   0xf00
        other   0xf20
        other   0xf40
        other   0xf60
        other   0xf80

        .org    0x1000
start:  lis     31, MAILBOX@h
        li      30, 0
        ld      25, 16(31)
        lis     24, 0x7fff                      # as long as a decrementer can wait
        ori     24, 24, 0xffff
        mtdec   24
        mfmsr   26
        lis     21, 0x783f                      # SRR1: bits 33 to 36 and 42 to 47 say why

idle:   mftb    23
        lis     4, TICKS@h
        ori     4, 4, TICKS@l
        mulli   4, 4, PATIENCE
        add     23, 23, 4
wait:   lis     4, 0x10
        mtctr   4
1:      lwz     4, 0(31)
        cmpw    4, 30
        bne     knocked
        bdnz    1b
        mftb    4
        cmpld   4, 23
        blt     wait
        b       give_up
knocked:
        lwsync
        mr      30, 4
        mtdec   24
        lwz     27, 8(31)
        addi    28, 31, OPERATIONS
        lis     29, (MAILBOX + REPLIES)@h
        ori     29, 29, (MAILBOX + REPLIES)@l
step:   cmpwi   27, 0
        beq     all_done
        addi    27, 27, -1
        ld      10, 0(28)
        ld      3, 8(28)
        ld      5, 16(28)
        ld      11, 24(28)
        li      4, 0
        sldi    10, 10, 2
        addi    10, 10, ways - base
        mtctr   10
        bctr
all_done:
        lwsync
        stw     30, 4(31)
        b       idle

ways:   b       kernel_read
        b       kernel_write
        b       kernel_fetch
        b       user_read
        b       user_write
        b       user_fetch
        b       invalidate
        b       load_roots
        b       controls
        b       flush_all
        b       stepped                         # the rest is for hash tables
        b       load_hash_table
        b       load_segment
        b       invalidate_hashed

kernel_read:
        ori     10, 26, MSR_DR
        mtmsrd  10
        isync
        lwz     4, 0(3)
        sc
kernel_write:
        ori     10, 26, MSR_DR
        mtmsrd  10
        isync
        stw     5, 0(3)
        sc
kernel_fetch:
        mtsrr0  3
        ori     10, 26, MSR_IR | MSR_DR
        mtsrr1  10
        rfid
user_read:
        addi    10, 25, read - base
        b       to_user
user_write:
        addi    10, 25, write - base
        b       to_user
user_fetch:
        mr      10, 3
to_user:
        mtsrr0  10
        ori     10, 26, MSR_PR | MSR_IR | MSR_DR
        mtsrr1  10
        rfid

invalidate:                                     # r3 RB, r5 RS; r11: what goes (RIC)
        ptesync
        cmpwi   11, 1
        beq     1f
        bgt     2f
        tlbie   3, 5, 0, 1, 1                   # a translation
        b       invalidated
1:      tlbie   3, 5, 1, 1, 1                   # tables that are cached
        b       invalidated
2:      tlbie   3, 5, 2, 1, 1                   # both
invalidated:
        eieio
        tlbsync
        ptesync
        b       stepped
load_roots:
        mtspr   PTCR, 3
        mtspr   PIDR, 5
        mtspr   LPIDR, 11
        isync
        b       stepped
controls:
        mtspr   LPCR, 3
        mtspr   AMR, 5
        mtspr   IAMR, 11
        isync
flush_all:
        ptesync
        mfspr   10, LPCR
        andis.  10, 10, LPCR_HR
        li      3, 0xc00                        # IS: everything
        li      5, 0
        beq     1f
        tlbie   3, 5, 2, 1, 1
        b       invalidated
1:      li      10, 512                         # sets
        mtctr   10
2:      tlbiel  3
        addi    3, 3, 0x1000
        bdnz    2b
        ptesync
        b       stepped
load_hash_table:
        ptesync
        mtspr   SDR1, 3
        isync
        b       stepped
load_segment:
        isync
        slbmte  5, 3
        isync
        b       stepped
invalidate_hashed:                              # r3 RB
        ptesync
        li      10, 0
        tlbie   3, 10, 0, 0, 0
        b       invalidated

arrived:
        std     10, 0(29)
        std     6, 8(29)
        std     7, 16(29)
        clrldi  4, 4, 32
        std     4, 24(29)
        b       next
stepped:
        li      10, 0
        std     10, 0(29)
        std     10, 8(29)
        std     10, 16(29)
        std     10, 24(29)
next:   addi    28, 28, 32
        addi    29, 29, 32
        b       step

# Ends QEMU: tells the machine's BMC, by IPMI through the BT port at 0xe4 of the ISA bus, to take the power away.
give_up:
        li      3, 0xe4                         # BT_CTRL: CLR_WR_PTR
        li      4, 1
        bl      put
        li      3, 0xe5                         # BT_HOST2BMC: length
        li      4, 4
        bl      put
        li      4, 0                            # NetFn: chassis
        bl      put
        bl      put                             # sequence
        li      4, 2                            # chassis control
        bl      put
        li      4, 0                            # down
        bl      put
        li      3, 0xe4                         # BT_CTRL: H2B_ATN
        li      4, 4
        bl      put
1:      b       1b
put:                                            # r4 to port r3 of the ISA bus, which is at 0xd0010000 of the LPC bus
        lis     5, 0xd001
        clrldi  5, 5, 32
        add     5, 5, 3
        mfpvr   6
        srdi    6, 6, 16
        cmpwi   6, POWER9
        bne     1f
        lis     6, 6                            # POWER9: the LPC bus is at 0x6030000000000
        ori     6, 6, 0x0300
        sldi    6, 6, 32
        stbcix  4, 5, 6
        blr
1:      lis     6, 3                            # POWER8: by XSCOM, at 0x3fc0000000000, through LPC's ECCB at 0xb0020
        ori     6, 6, 0xfc00
        sldi    6, 6, 32
        oris    6, 6, 0x00b0
        ori     6, 6, 0x0200
        li      7, 24                           # data
        sldi    8, 4, 56
        stdcix  8, 7, 6
        lis     8, 0xd100                       # command: write one byte
        sldi    8, 8, 32
        or      8, 8, 5
        stdcix  8, 0, 6
        blr

# What users run: in the page, of 4 KiB or 64 KiB, that tables under test map.
        .org    0x2000
read:   lwz     4, 0(3)
        sc
write:  stw     5, 0(3)
        sc

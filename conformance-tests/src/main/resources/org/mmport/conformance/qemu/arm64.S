// The guest of the HW clauses for arm64: stays at EL2, whose MMU is off, and does at EL1 and EL0, whose tables are
// under test, what a list in memory says, one operation after the other; writes down how each ended.
// Built by scripts/build-guests; Arm64Guest.java knows the same addresses.
        .set    OWN, 0xffffffffffff0000         // where all tables under test map the code that EL1 and EL0 run
        .set    MAILBOX, 0x40300000             // +0 knock, +4 answer, +8 number of operations
        .set    OPERATIONS, 0x1000              // from MAILBOX: code, address, two more words, 8 bytes each
        .set    REPLIES, 0x80000                // from MAILBOX: exception class, syndrome, address, what was read
        .set    PATIENCE, 180                   // seconds after which a guest whose JVM died ends
        .set    AT_EL1, 0x3c5                   // SPSR: EL1 with its own stack pointer, interrupts masked
        .set    AT_EL0, 0x3c0

        .text
start:  mov     x0, #1 << 31                    // HCR_EL2: EL1 is AArch64, and nothing is trapped
        msr     hcr_el2, x0
        adr     x0, vectors
        msr     vbar_el2, x0
        mov     x28, #OWN
        msr     vbar_el1, x28
        mov     x0, #-1                         // all memory is normal, write-back
        msr     mair_el1, x0
        tlbi    vmalle1is
        dsb     ish
        isb
        mov     x27, #MAILBOX
        mov     w26, #0

idle:   mrs     x0, cntpct_el0
        mrs     x1, cntfrq_el0
        mov     x2, #PATIENCE
        madd    x25, x1, x2, x0
wait:   mov     w1, #0x100000
1:      ldar    w0, [x27]
        cmp     w0, w26
        b.ne    knocked
        subs    w1, w1, #1
        b.ne    1b
        mrs     x0, cntpct_el0
        cmp     x0, x25
        b.lo    wait
give_up:
        mov     w0, #0x84000000                 // PSCI: SYSTEM_OFF
        add     w0, w0, #8
        smc     #0
        b       give_up
knocked:
        mov     w26, w0
        ldr     w24, [x27, #8]
        add     x23, x27, #OPERATIONS
        mov     x22, #REPLIES
        add     x22, x27, x22
step:   cbz     w24, all_done
        sub     w24, w24, #1
        ldr     w4, [x23]
        ldp     x0, x2, [x23, #8]
        ldr     x3, [x23, #24]
        mov     x1, #0
        adr     x5, ways
        add     x5, x5, x4, lsl #2
        br      x5
all_done:
        dmb     ish
        add     x0, x27, #4
        stlr    w26, [x0]
        b       idle

// Accesses run at EL1 or EL0 until svc or a fault, either of which arrives at "arrived"; the rest goes to "stepped".
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
        b       flush_space

kernel_read:
        add     x4, x28, #(read - own)
        b       to_kernel
kernel_write:
        add     x4, x28, #(write - own)
        b       to_kernel
kernel_fetch:
        mov     x4, x0
to_kernel:
        mov     x5, #AT_EL1
        orr     x5, x5, x3                      // PAN
        b       leave
user_read:
        add     x4, x28, #(read - own)
        b       to_user
user_write:
        add     x4, x28, #(write - own)
        b       to_user
user_fetch:
        mov     x4, x0
to_user:
        mov     x5, #AT_EL0
leave:  msr     elr_el2, x4
        msr     spsr_el2, x5
        eret

invalidate:                                     // x2: 1 where only translations are to go, no tables
        ubfx    x0, x0, #12, #44                // of ASID 0
        dsb     ishst
        cbnz    x2, 1f
        tlbi    vae1is, x0
        b       invalidated
1:      tlbi    vale1is, x0
invalidated:
        dsb     ish
        isb
        b       stepped
load_roots:
        msr     ttbr0_el1, x0
        msr     ttbr1_el1, x2
        isb
        b       stepped
controls:
        msr     tcr_el1, x0
        msr     sctlr_el1, x2
        isb
flush_all:
        dsb     ishst
        tlbi    vmalle1is
        b       invalidated
flush_space:
        dsb     ishst
        tlbi    aside1is, xzr
        b       invalidated

arrived:
        mrs     x0, esr_el1
        lsr     x4, x0, #26                     // exception class
        ubfx    x5, x0, #0, #25                 // syndrome
        mov     x6, #0
        sub     x7, x4, #0x20
        and     x7, x7, #~1
        cmp     x7, #0                          // 0x20 and 0x21 are instruction aborts
        ccmp    x7, #4, #4, ne                  // 0x24 and 0x25 are data aborts
        b.ne    1f
        mrs     x6, far_el1
1:      stp     x4, x5, [x22]
        stp     x6, x1, [x22, #16]
        b       next
stepped:
        stp     xzr, xzr, [x22]
        stp     xzr, xzr, [x22, #16]
next:   add     x23, x23, #32
        add     x22, x22, #32
        b       step

        .balign 0x800
vectors:                                        // of EL2: only hvc from EL1 is meant to come here
        .rept   8
        b       give_up
        .balign 0x80
        .endr
        b       arrived
        .balign 0x80
        .rept   7
        b       give_up
        .balign 0x80
        .endr

// What EL1 and EL0 run at OWN: from here on, at an address that is a multiple of 64 KiB.
        .org    0x1000
own:    .rept   16                              // vectors of EL1
        hvc     #0
        .balign 0x80
        .endr
read:   ldr     w1, [x0]
        svc     #0
write:  str     w2, [x0]
        svc     #0

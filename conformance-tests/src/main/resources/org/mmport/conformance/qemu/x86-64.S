# The guest of the HW clauses for 4-level and 5-level paging: does what a list in memory says, one operation after the
# other, and writes down how each ended. Built by scripts/build-guests; X86Guest.java knows the same addresses.
        .set    IMAGE, 0x8000                   # physical address of the first byte
        .set    BASE, 0xffffff8000000000        # where all tables under test map physical address 0
        .set    BASE_HIGH, 0xffffff80           # BASE >> 32; its low half is 0
        .set    STACK, BASE + 0x7000            # grows down, in a page without code: QEMU is slow to write to others
        .set    BOOT, 0x7000                    # CR3, CR4 to start with
        .set    MAILBOX, 0x100000               # +0 knock, +4 answer, +8 number of operations
        .set    OPERATIONS, 0x1000              # from MAILBOX: code, address, two more words, 8 bytes each
        .set    REPLIES, 0x80000                # from MAILBOX: vector, error code, CR2, what was read
        .set    CODE32, 0x08
        .set    DATA32, 0x10
        .set    CODE64, 0x18
        .set    USER_CODE, 0x20 + 3
        .set    USER_DATA, 0x28 + 3
        .set    TASK, 0x30

        .code16
start:  cli
        xorw    %ax, %ax
        movw    %ax, %ds
        lgdtl   IMAGE + (gdt_low - start)
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $CODE32, $(IMAGE + (start32 - start))

        .code32
start32:
        movl    $DATA32, %eax
        movl    %eax, %ds
        movl    %eax, %ss
        movl    BOOT + 8, %eax
        movl    %eax, %cr4
        movl    BOOT, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx
        movl    $0x900, %eax                    # EFER: NXE, LME
        xorl    %edx, %edx
        wrmsr
        movl    $0x80010001, %eax               # CR0: PG, WP, PE
        movl    %eax, %cr0
        ljmpl   $CODE64, $(IMAGE + (start64 - start))

        .code64
start64:
        movabsq $(BASE + IMAGE + (high - start)), %rax
        jmp     *%rax
high:   lgdt    gdt_high(%rip)
        lidt    idt_high(%rip)
        xorl    %eax, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    $TASK, %eax
        ltr     %ax
        movabsq $STACK, %rsp
        movabsq $(BASE + MAILBOX), %r15
        xorl    %ebp, %ebp

# Waits for another number in the mailbox; gives up after some minutes, so that a guest whose JVM died ends.
idle:   movl    $200000000, %ecx
1:      pause
        decl    %ecx
        jz      give_up
        movl    (%r15), %eax
        cmpl    %ebp, %eax
        je      1b
        movl    %eax, %ebp
        movl    8(%r15), %r14d
        leaq    OPERATIONS(%r15), %r12
        leaq    REPLIES(%r15), %r13
step:   testl   %r14d, %r14d
        jz      all_done
        decl    %r14d
        movl    (%r12), %eax
        movq    8(%r12), %rdi
        movq    16(%r12), %rsi
        movq    24(%r12), %rdx
        xorl    %ebx, %ebx
        movq    %rbx, %cr2
        leaq    ways(%rip), %rcx
        movslq  (%rcx, %rax, 4), %rax
        addq    %rcx, %rax
        movq    %rax, %rcx
        movabsq $0x8000000000000000, %rax       # faults where code that is only zeros uses it
        jmp     *%rcx
all_done:
        movl    %ebp, 4(%r15)
        jmp     idle
give_up:
        lidt    no_idt(%rip)
        int3

        .balign 4
ways:   .long   kernel_read - ways, kernel_write - ways, kernel_fetch - ways
        .long   user_read - ways, user_write - ways, user_fetch - ways
        .long   invalidate - ways, load_root - ways, controls - ways, flush_all - ways

# Every way ends with int3, be it ours or the one at the address that was fetched from.
kernel_read:
        testb   $1, %dl
        jz      1f
        stac
1:      movl    (%rdi), %ebx
        int3
kernel_write:
        testb   $1, %dl
        jz      1f
        stac
1:      movl    %esi, (%rdi)
        int3
kernel_fetch:
        jmp     *%rdi
user_read:
        leaq    user_read_code(%rip), %rcx
        jmp     to_user
user_write:
        leaq    user_write_code(%rip), %rcx
        jmp     to_user
user_fetch:
        leaq    user_fetch_code(%rip), %rcx
to_user:
        pushq   $USER_DATA
        pushq   $0
        pushq   $2
        pushq   $USER_CODE
        pushq   %rcx
        iretq
invalidate:
        invlpg  (%rdi)
        int3
load_root:
        movq    %rdi, %cr3
        int3
controls:
        movq    %rdi, %cr0
        movq    %rsi, %cr4
        movl    %edx, %eax
        xorl    %edx, %edx
        movl    $0xc0000080, %ecx
        wrmsr
flush_all:
        movq    %cr4, %rax
        movq    %rax, %rcx
        xorq    $0x80, %rcx                     # PGE
        movq    %rcx, %cr4
        movq    %rax, %cr4
        movq    %cr3, %rax
        movq    %rax, %cr3
        int3

caught: clac
        popq    (%r13)
        popq    8(%r13)
        movq    %cr2, %rax
        movq    %rax, 16(%r13)
        movq    %rbx, 24(%r13)
        movabsq $STACK, %rsp
        addq    $32, %r12
        addq    $32, %r13
        jmp     step

        .set    vector, 0
        .balign 16
handlers:
        .rept   32
        .balign 16
        .if     !((0x60227d00 >> vector) & 1)   # those that push no error code
        pushq   $0
        .endif
        pushq   $vector
        jmp     caught
        .set    vector, vector + 1
        .endr

        .balign 16
gdt:    .quad   0
        .quad   0x00cf9b000000ffff              # CODE32
        .quad   0x00cf93000000ffff              # DATA32
        .quad   0x00af9b000000ffff              # CODE64
        .quad   0x00affb000000ffff              # USER_CODE
        .quad   0x00cff3000000ffff              # USER_DATA
        .word   103, IMAGE + (task - start)     # TASK
        .byte   0, 0x89, 0, 0
        .long   BASE_HIGH, 0
gdt_end:
gdt_low:
        .word   gdt_end - gdt - 1
        .long   IMAGE + (gdt - start)
gdt_high:
        .word   gdt_end - gdt - 1
        .quad   BASE + IMAGE + (gdt - start)
idt_high:
        .word   32 * 16 - 1
        .quad   BASE + IMAGE + (idt - start)
no_idt: .word   0
        .quad   0

        .balign 16
idt:    .set    vector, 0
        .rept   32
        .word   IMAGE + (handlers - start) + 16 * vector, CODE64
        .byte   0
        .if     vector == 3
        .byte   0xee
        .else
        .byte   0x8e
        .endif
        .word   0
        .long   BASE_HIGH, 0
        .set    vector, vector + 1
        .endr

        .balign 16
task:   .long   0
        .quad   STACK
        .fill   92, 1, 0

        .org    0x1000

# The one page that user code may run.
user_read_code:
        movl    (%rdi), %ebx
        int3
user_write_code:
        movl    %esi, (%rdi)
        int3
user_fetch_code:
        jmp     *%rdi
        .org    0x2000

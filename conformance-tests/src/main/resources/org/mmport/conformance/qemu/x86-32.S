# The guest of the HW clauses for 32-bit and PAE paging. As x86-64.S; words are 8 bytes, of which the low 4 count.
        .set    IMAGE, 0x8000
        .set    BASE, 0xffc00000
        .set    BASE_HIGH, 0xffc0               # BASE >> 16
        .set    STACK, BASE + 0x7000
        .set    BOOT, 0x7000
        .set    MAILBOX, 0x100000               # as in x86-64.S; +12 last knock, +16 left, +20 operation, +24 reply
        .set    OPERATIONS, 0x1000
        .set    REPLIES, 0x80000
        .set    CODE, 0x08
        .set    DATA, 0x10
        .set    USER_CODE, 0x18 + 3
        .set    USER_DATA, 0x20 + 3
        .set    TASK, 0x28
        .set    BOX, BASE + MAILBOX

        .code16
start:  cli
        xorw    %ax, %ax
        movw    %ax, %ds
        lgdtl   IMAGE + (gdt_low - start)
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $CODE, $(IMAGE + (start32 - start))

        .code32
start32:
        movl    $DATA, %eax
        movl    %eax, %ds
        movl    %eax, %ss
        movl    BOOT + 8, %eax
        movl    %eax, %cr4
        movl    BOOT, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx
        movl    $0x800, %eax                    # EFER: NXE
        xorl    %edx, %edx
        wrmsr
        movl    $0x80010001, %eax               # CR0: PG, WP, PE
        movl    %eax, %cr0
        ljmpl   $CODE, $(BASE + IMAGE + (high - start))
high:   lgdtl   BASE + IMAGE + (gdt_high - start)
        lidtl   BASE + IMAGE + (idt_high - start)
        movl    $USER_DATA, %eax                # also for the kernel: user code needs it, and it is flat
        movl    %eax, %ds
        movl    %eax, %es
        movl    $DATA, %eax
        movl    %eax, %ss
        movl    $TASK, %eax
        ltr     %ax
        movl    $STACK, %esp
        movl    $0, BOX + 12

idle:   movl    $200000000, %ecx
1:      pause
        decl    %ecx
        jz      give_up
        movl    BOX, %eax
        cmpl    BOX + 12, %eax
        je      1b
        movl    %eax, BOX + 12
        movl    BOX + 8, %eax
        movl    %eax, BOX + 16
        movl    $(BOX + OPERATIONS), BOX + 20
        movl    $(BOX + REPLIES), BOX + 24
step:   cmpl    $0, BOX + 16
        je      all_done
        decl    BOX + 16
        movl    BOX + 20, %ebp
        movl    (%ebp), %eax
        movl    8(%ebp), %edi
        movl    16(%ebp), %esi
        movl    24(%ebp), %edx
        xorl    %ebx, %ebx
        movl    %ebx, %cr2
        movl    (BASE + IMAGE + (ways - start))(, %eax, 4), %ecx
        jmp     *%ecx
all_done:
        movl    BOX + 12, %eax
        movl    %eax, BOX + 4
        jmp     idle
give_up:
        lidtl   BASE + IMAGE + (no_idt - start)
        int3

        .balign 4
        .macro  way name
        .long   BASE + IMAGE + (\name - start)
        .endm
ways:   way     kernel_read
        way     kernel_write
        way     kernel_fetch
        way     user_read
        way     user_write
        way     user_fetch
        way     invalidate
        way     load_root
        way     controls
        way     flush_all

kernel_read:
        testb   $1, %dl
        jz      1f
        stac
1:      movl    (%edi), %ebx
        int3
kernel_write:
        testb   $1, %dl
        jz      1f
        stac
1:      movl    %esi, (%edi)
        int3
kernel_fetch:
        jmp     *%edi
user_read:
        movl    $(BASE + IMAGE + (user_read_code - start)), %ecx
        jmp     to_user
user_write:
        movl    $(BASE + IMAGE + (user_write_code - start)), %ecx
        jmp     to_user
user_fetch:
        movl    $(BASE + IMAGE + (user_fetch_code - start)), %ecx
to_user:
        pushl   $USER_DATA
        pushl   $0
        pushl   $2
        pushl   $USER_CODE
        pushl   %ecx
        iretl
invalidate:
        invlpg  (%edi)
        int3
load_root:
        movl    %edi, %cr3
        int3
controls:
        movl    %edi, %cr0
        movl    %esi, %cr4
        movl    %edx, %eax
        xorl    %edx, %edx
        movl    $0xc0000080, %ecx
        wrmsr
flush_all:
        movl    %cr4, %eax
        movl    %eax, %ecx
        xorl    $0x80, %ecx                     # PGE
        movl    %ecx, %cr4
        movl    %eax, %cr4
        movl    %cr3, %eax
        movl    %eax, %cr3
        int3

caught: clac
        movl    BOX + 24, %ebp
        popl    (%ebp)
        popl    8(%ebp)
        movl    %cr2, %eax
        movl    %eax, 16(%ebp)
        movl    %ebx, 24(%ebp)
        movl    $0, 4(%ebp)
        movl    $0, 12(%ebp)
        movl    $0, 20(%ebp)
        movl    $0, 28(%ebp)
        movl    $STACK, %esp
        addl    $32, BOX + 20
        addl    $32, BOX + 24
        jmp     step

        .set    vector, 0
        .balign 16
handlers:
        .rept   32
        .balign 16
        .if     !((0x60227d00 >> vector) & 1)
        pushl   $0
        .endif
        pushl   $vector
        jmp     caught
        .set    vector, vector + 1
        .endr

        .balign 16
gdt:    .quad   0
        .quad   0x00cf9b000000ffff              # CODE
        .quad   0x00cf93000000ffff              # DATA
        .quad   0x00cffb000000ffff              # USER_CODE
        .quad   0x00cff3000000ffff              # USER_DATA
        .word   103, IMAGE + (task - start)     # TASK; bits 23:16 of the base are those of BASE
        .byte   0xc0, 0x89, 0, 0xff
gdt_end:
gdt_low:
        .word   gdt_end - gdt - 1
        .long   IMAGE + (gdt - start)
gdt_high:
        .word   gdt_end - gdt - 1
        .long   BASE + IMAGE + (gdt - start)
idt_high:
        .word   32 * 8 - 1
        .long   BASE + IMAGE + (idt - start)
no_idt: .word   0
        .long   0

        .balign 16
idt:    .set    vector, 0
        .rept   32
        .word   IMAGE + (handlers - start) + 16 * vector, CODE
        .byte   0
        .if     vector == 3
        .byte   0xee
        .else
        .byte   0x8e
        .endif
        .word   BASE_HIGH
        .set    vector, vector + 1
        .endr

        .balign 16
task:   .long   0
        .long   STACK
        .long   DATA
        .fill   92, 1, 0

        .org    0x1000
user_read_code:
        movl    (%edi), %ebx
        int3
user_write_code:
        movl    %esi, (%edi)
        int3
user_fetch_code:
        jmp     *%edi
        .org    0x2000

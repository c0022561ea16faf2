/* No library: only what is written here is traced. */
static long call(long n, long a, long b, long c, long d, long e, long f) {
  long r;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return r;
}
void _start(void) {
  volatile char *p = (char *)call(9, 0, 16 << 12, 3, 0x22, -1, 0); /* mmap */
  for (int i = 0; i < 16; i++) p[i << 12] = 1;
  long child = call(57, 0, 0, 0, 0, 0, 0); /* fork */
  if (child == 0) {
    p[0] = 2;
    call(231, 0, 0, 0, 0, 0, 0);
  }
  for (int i = 0; i < 4; i++) p[i << 12] = 3; /* copied: the child has them */
  call(61, -1, 0, 0, 0, 0, 0); /* wait4 */
  for (int i = 4; i < 8; i++) p[i << 12] = 4; /* the only owner */
  call(11, (long)p, 8 << 12, 0, 0, 0, 0); /* munmap */
  call(10, (long)p + (8 << 12), 4 << 12, 1, 0, 0, 0); /* mprotect to r-- */
  p = (char *)call(25, (long)p + (12 << 12), 4 << 12, 64 << 12, 1, 0, 0); /* mremap */
  p[0] += p[3 << 12];
  call(231, 0, 0, 0, 0, 0, 0);
}

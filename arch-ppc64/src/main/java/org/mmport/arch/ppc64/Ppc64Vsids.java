package org.mmport.arch.ppc64;

import org.mmport.spi.HashSegment;

/** Which segment Linux gives an address, and which number that segment has. */
sealed interface Ppc64Vsids {
  HashSegment segment(long context, long va, int pageShift);

  /** Ks and Kp as {@code SLB_VSID_USER} and {@code SLB_VSID_KERNEL} have them. */
  private static HashSegment of(long va, int shift, long vsid, int pageShift) {
    long flags = Ppc64HashMmu.SLB_KP | (va < 0 ? 0 : Ppc64HashMmu.SLB_KS);
    return new HashSegment(va & -1L << shift, shift, vsid, pageShift, flags);
  }

  /** {@code vsid_scramble()}: {@code proto * multiplier % (2^bits - 1)}. */
  private static long scramble(long proto, long multiplier, int bits) {
    return Long.remainderUnsigned(proto * multiplier, (1L << bits) - 1);
  }

  /**
   * {@code get_vsid()}, {@code get_kernel_context()}, {@code user_segment_size()} in {@code
   * book3s/64/mmu-hash.h}, with the 68 bits of virtual address that POWER7 and later have.
   *
   * @param areaBits of one of the areas of kernel addresses, each with a context of its own
   */
  record Today(int areaBits) implements Ppc64Vsids {
    private static final long MULTIPLIER = 12538073;
    private static final int CONTEXT_BITS = 19;
    private static final int VA_BITS = 68;

    @Override
    public HashSegment segment(long context, long va, int pageShift) {
      long own = va < 0 ? 1 + area(va) : context + (area(va) << 16);
      boolean large = va < 0 || va >>> Ppc64HashMmu.SHIFT_1T != 0;
      int shift = large ? Ppc64HashMmu.SHIFT_1T : Ppc64HashMmu.SHIFT_256M;
      int esidBits = VA_BITS - CONTEXT_BITS - shift;
      long proto = own << esidBits | (va >>> shift & (1L << esidBits) - 1);
      return of(va, shift, scramble(proto, MULTIPLIER, VA_BITS - shift), pageShift);
    }

    /**
     * The kernel's contexts are the linear map's, then vmalloc, I/O and vmemmap. Above 512 TiB
     * Linux gives a process further contexts as they come, here in a fixed order.
     */
    private long area(long va) {
      return (va & -1L >>> 4) >>> (va < 0 ? areaBits : 49);
    }
  }

  /**
   * {@code get_vsid()} and {@code get_kernel_vsid()} in {@code include/asm-powerpc/mmu.h} of Linux
   * 2.6.18: segments of 256 MiB only, and kernel addresses stand for themselves.
   */
  record Of2006() implements Ppc64Vsids {
    private static final long MULTIPLIER = 200730139;
    private static final int VSID_BITS = 36;
    private static final int USER_ESID_BITS = 16;

    @Override
    public HashSegment segment(long context, long va, int pageShift) {
      long esid = va >>> Ppc64HashMmu.SHIFT_256M;
      long proto = va < 0 ? esid : context << USER_ESID_BITS | esid;
      long vsid = scramble(proto, MULTIPLIER, VSID_BITS);
      return of(va, Ppc64HashMmu.SHIFT_256M, vsid, pageShift);
    }
  }
}

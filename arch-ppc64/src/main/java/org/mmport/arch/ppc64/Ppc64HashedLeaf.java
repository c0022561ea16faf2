package org.mmport.arch.ppc64;

import org.mmport.spi.PteBits;

/** What the entry for a leaf of the tree has in the hash table. */
sealed interface Ppc64HashedLeaf {
  /** PP, N, WIMG, R, C and the key of the hash table's entry. */
  long protection(long raw);

  /**
   * {@code htab_convert_pte_flags()} in {@code mm/book3s64/hash_utils.c}: R always, C where dirty,
   * and for the user never writable while clean.
   */
  record Today(PteBits bits) implements Ppc64HashedLeaf {
    @Override
    public long protection(long raw) {
      boolean write = (raw & bits.write()) != 0;
      boolean dirty = (raw & bits.dirty()) != 0;
      long pp;
      if ((raw & bits.noUser()) != 0) {
        pp = write ? 0 : Ppc64HashMmu.PP0 | 2;
      } else {
        pp = ((raw & Ppc64PteFormat.RWX) != 0 ? 2 : 0) | (write && dirty ? 0 : 1);
      }
      long wimg =
          switch ((int) Long.compress(raw, bits.memoryType())) {
            case 0 -> Ppc64HashMmu.M;
            case 1 -> Ppc64HashMmu.W | Ppc64HashMmu.I | Ppc64HashMmu.M;
            case 2 -> Ppc64HashMmu.I | Ppc64HashMmu.G;
            default -> Ppc64HashMmu.I;
          };
      return pp
          | wimg
          | Ppc64HashMmu.R
          | (dirty ? Ppc64HashMmu.C : 0)
          | ((raw & bits.exec()) != 0 ? 0 : Ppc64HashMmu.N)
          | Long.expand(Long.compress(raw, bits.key()), Ppc64HashMmu.KEY);
    }
  }

  /**
   * {@code __hash_page_4K} and {@code __hash_page_64K} in {@code arch/powerpc/mm/hash_low_64.S} of
   * Linux 2.6.18: most bits go over as they are, R and C are always set, and for the kernel PP is
   * always 0: what it may not write is not kept from it once hashed.
   */
  record Of2006(PteBits bits) implements Ppc64HashedLeaf {
    private static final long AS_THEY_ARE =
        Ppc64HashMmu.W | Ppc64HashMmu.I | Ppc64HashMmu.M | Ppc64HashMmu.G;

    @Override
    public long protection(long raw) {
      boolean write = (raw & bits.dirty()) != 0 && (raw & bits.write()) != 0;
      long pp = (raw & bits.user()) == 0 ? 0 : write ? 2 : 3;
      long exec = (raw & bits.exec()) != 0 ? 0 : Ppc64HashMmu.N;
      return pp | (raw & AS_THEY_ARE) | Ppc64HashMmu.R | Ppc64HashMmu.C | exec;
    }
  }
}

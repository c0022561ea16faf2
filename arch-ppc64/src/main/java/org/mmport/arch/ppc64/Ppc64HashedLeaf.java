package org.mmport.arch.ppc64;

import java.util.OptionalInt;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;

/** What becomes of a leaf of the tree in the hash table, and how it notes where that went. */
sealed interface Ppc64HashedLeaf {
  long BUSY = 1L << 6;
  long SLOT_4K = 15L << 53;
  long HASHPTE_4K = 1L << 60;
  long HASHPTE_64K = 1L << 55;
  long COMBO = 1L << 12;

  /** PP, N, WIMG, R, C and the key of the hash table's entry. */
  long protection(long raw);

  OptionalInt slot(long raw, long slotWord);

  /** Anything else that was noted of entries goes, and so does the lock. */
  long withSlot(long raw, int slot);

  long withoutSlot(long raw);

  /** Bytes from a leaf to its slot word, 0 where there is none. */
  default int slotWordBytes(Level level) {
    return 0;
  }

  /** What the slot word says. */
  default long slotWord(int slot) {
    return 0;
  }

  /**
   * {@code htab_convert_pte_flags()} in {@code mm/book3s64/hash_utils.c}: R always, C where dirty,
   * and for the user never writable while clean.
   *
   * @param key where the leaf has its protection key
   */
  private static long protection(long raw, long key) {
    boolean write = (raw & Ppc64PteFormat.WRITE) != 0;
    boolean dirty = (raw & Ppc64PteFormat.C) != 0;
    long pp;
    if ((raw & Ppc64PteFormat.PRIVILEGED) != 0) {
      pp = write ? 0 : Ppc64HashMmu.PP0 | 2;
    } else {
      pp = ((raw & Ppc64PteFormat.RWX) != 0 ? 2 : 0) | (write && dirty ? 0 : 1);
    }
    long wimg =
        switch ((int) (raw & Ppc64PteFormat.ATT) >> 4) {
          case 0 -> Ppc64HashMmu.M;
          case 1 -> Ppc64HashMmu.W | Ppc64HashMmu.I | Ppc64HashMmu.M;
          case 2 -> Ppc64HashMmu.I | Ppc64HashMmu.G;
          default -> Ppc64HashMmu.I;
        };
    return pp
        | wimg
        | Ppc64HashMmu.R
        | (dirty ? Ppc64HashMmu.C : 0)
        | ((raw & Ppc64PteFormat.EXEC) != 0 ? 0 : Ppc64HashMmu.N)
        | Long.expand(Long.compress(raw, key), Ppc64HashMmu.KEY);
  }

  /** {@code hash-4k.h}: 16 slots, noted in the leaf itself. */
  record Small() implements Ppc64HashedLeaf {
    private static final long FLAGS = BUSY | HASHPTE_4K | SLOT_4K;

    @Override
    public long protection(long raw) {
      return Ppc64HashedLeaf.protection(raw, 7L << 57);
    }

    @Override
    public OptionalInt slot(long raw, long slotWord) {
      return (raw & HASHPTE_4K) == 0
          ? OptionalInt.empty()
          : OptionalInt.of((int) (raw >>> 53) & 15);
    }

    @Override
    public long withSlot(long raw, int slot) {
      return withoutSlot(raw) | HASHPTE_4K | (long) slot << 53;
    }

    @Override
    public long withoutSlot(long raw) {
      return raw & ~FLAGS;
    }
  }

  /**
   * {@code hash-64k.h}: 16 slots, noted in a word behind the leaves, one higher so that zeroed
   * tables need no more ({@code HIDX_SHIFT_BY_ONE}). For a page of 64 KiB all 16 are used. Tables
   * of each level have their words right behind their entries ({@code __hash_page_huge}).
   */
  record Large(PagingGeometry geometry) implements Ppc64HashedLeaf {
    private static final long FLAGS = BUSY | HASHPTE_64K | COMBO;

    @Override
    public long protection(long raw) {
      return Ppc64HashedLeaf.protection(raw, 31L << 56);
    }

    @Override
    public OptionalInt slot(long raw, long slotWord) {
      return (raw & (HASHPTE_64K | COMBO)) != HASHPTE_64K
          ? OptionalInt.empty()
          : OptionalInt.of((int) (slotWord - 1) & 15);
    }

    @Override
    public long withSlot(long raw, int slot) {
      return withoutSlot(raw) | HASHPTE_64K;
    }

    @Override
    public long withoutSlot(long raw) {
      return raw & ~FLAGS;
    }

    @Override
    public int slotWordBytes(Level level) {
      return geometry.tableBytes(level);
    }

    @Override
    public long slotWord(int slot) {
      return slot + 1L & 15;
    }
  }

  /**
   * {@code __hash_page_4K} and {@code __hash_page_64K} in {@code arch/powerpc/mm/hash_low_64.S} of
   * Linux 2.6.18: most bits go over as they are, R and C are always set, and for the kernel PP is
   * always 0: what it may not write is not kept from it once hashed. The slot of a whole page is in
   * bits 15:12 with both page sizes.
   *
   * @param flags {@code _PAGE_HPTEFLAGS}
   */
  record Of2006(long flags) implements Ppc64HashedLeaf {
    @Override
    public long protection(long raw) {
      boolean write = (raw & Ppc64PteFormat2006.DIRTY) != 0 && (raw & Ppc64PteFormat2006.RW) != 0;
      long pp = (raw & Ppc64PteFormat2006.USER) == 0 ? 0 : write ? 2 : 3;
      return pp
          | (raw & (Ppc64HashMmu.W | Ppc64HashMmu.I | Ppc64HashMmu.M | Ppc64HashMmu.G))
          | Ppc64HashMmu.R
          | Ppc64HashMmu.C
          | ((raw & Ppc64PteFormat2006.EXEC) != 0 ? 0 : Ppc64HashMmu.N);
    }

    @Override
    public OptionalInt slot(long raw, long slotWord) {
      long combo = flags & Ppc64PteFormat2006.COMBO;
      return (raw & (Ppc64PteFormat2006.HASHPTE | combo)) != Ppc64PteFormat2006.HASHPTE
          ? OptionalInt.empty()
          : OptionalInt.of((int) (raw >>> 12) & 15);
    }

    @Override
    public long withSlot(long raw, int slot) {
      return withoutSlot(raw) | Ppc64PteFormat2006.HASHPTE | (long) slot << 12;
    }

    @Override
    public long withoutSlot(long raw) {
      return raw & ~flags;
    }
  }
}

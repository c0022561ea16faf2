package org.mmport.cpu;

/**
 * Translations of pages of several sizes, in sets: whoever is looked for is at one place per size.
 * Keyed by an owner, which is an address space or a segment, and a place, which is an address or an
 * offset in that segment. Not thread-safe: the CPU's lock guards it.
 *
 * <p>A slot is four words: tag (page number and size, 0 where empty), owner, and where the page
 * lies together with the rights that need no further look at the entry; the fourth makes it half a
 * cache line.
 */
final class Tlb {
  /** The owner of what every address space sees. */
  static final long GLOBAL = Long.MIN_VALUE;

  /** To name translations whosoever they are. */
  static final long ANYBODY = Long.MAX_VALUE;

  static final long MISSED = -1;

  private static final int STRIDE = 4;
  private static final int OWNER = 1;
  private static final int DATA = 2;
  private static final int SIZE_BITS = 6;

  /** Below the smallest page: six rights, that the memory was freed, that it may be. */
  private static final long LOW = 1023;

  private static final long FREED = 64;

  /** Beside rights: the translation is as good when the memory is freed. */
  static final int LASTING = 128;

  /** Where fewer pages are named, they are looked for one by one. */
  private static final long FEW_PAGES = 64;

  private final long[] words;
  private final int setMask;
  private final int ways;
  private final int[] shifts;
  private final int[] slotsBySize;
  private final FrameHints hints;

  /** The sizes that there are entries of, a bit each. */
  private int sizes;

  private long random;

  /**
   * An empty one.
   *
   * @param shifts log2 of the bytes of all sizes, ascending
   */
  Tlb(TlbShape shape, int[] shifts, FrameHints hints) {
    this.words = new long[shape.sets() * shape.ways() * STRIDE];
    this.setMask = shape.sets() - 1;
    this.ways = shape.ways();
    this.shifts = shifts;
    this.slotsBySize = new int[shifts.length];
    this.hints = hints;
    this.random = shape.seed() | 1;
  }

  /** The physical address, where it is cached with that right, else {@link #MISSED}. */
  long find(long owner, long place, int right) {
    for (int left = sizes; left != 0; left &= left - 1) {
      int size = Integer.numberOfTrailingZeros(left);
      int shift = shifts[size];
      long page = place >>> shift;
      long tag = tag(page, size);
      int at = set(page);
      for (int end = at + ways * STRIDE; at < end; at += STRIDE) {
        if (words[at] == tag && (words[at + OWNER] == owner || words[at + OWNER] == GLOBAL)) {
          long data = words[at + DATA];
          if ((data & right) != 0) {
            return (data & ~LOW) | (place & ((1L << shift) - 1));
          }
        }
      }
    }
    return MISSED;
  }

  /** Where a place leads by a translation whose memory was freed, else {@link #MISSED}. */
  long findFreed(long owner, long place) {
    for (int size = 0; size < shifts.length; size++) {
      int at = slot(owner, place, size);
      if (at >= 0 && (words[at + DATA] & FREED) != 0) {
        return (words[at + DATA] & ~LOW) | (place & ((1L << shifts[size]) - 1));
      }
    }
    return MISSED;
  }

  /**
   * Caches a translation in place of what is there for the same page.
   *
   * @param shift log2 of the bytes of the page, one of those that were named
   * @param physAddr of the page's first byte
   * @param rights that can be granted without another look at the entry; {@link #LASTING} too
   */
  void put(long owner, long place, int shift, long physAddr, int rights) {
    int size = size(shift);
    long page = place >>> shift;
    int at = slot(owner, place, size);
    if (at < 0) {
      at = room(set(page));
    }
    empty(at);
    words[at] = tag(page, size);
    words[at + OWNER] = owner;
    words[at + DATA] = physAddr | rights;
    slotsBySize[size]++;
    sizes |= 1 << size;
    hints.add(physAddr, 1L << shift);
  }

  /** Forgets what an owner has, or {@link #ANYBODY}, of places first to last; returns how much. */
  int drop(long owner, long first, long last) {
    int dropped = 0;
    if (last - first >= 0 && (last - first) >>> shifts[0] < FEW_PAGES) {
      for (int left = sizes; left != 0; left &= left - 1) {
        dropped += dropPages(owner, first, last, Integer.numberOfTrailingZeros(left));
      }
      return dropped;
    }
    for (int at = 0; at < words.length; at += STRIDE) {
      if (words[at] != 0 && isOf(at, owner) && overlaps(at, first, last)) {
        empty(at);
        dropped++;
      }
    }
    return dropped;
  }

  private int dropPages(long owner, long first, long last, int size) {
    int dropped = 0;
    long lastPage = last >>> shifts[size];
    for (long page = first >>> shifts[size]; page <= lastPage; page++) {
      int at = set(page);
      for (int end = at + ways * STRIDE; at < end; at += STRIDE) {
        if (words[at] == tag(page, size) && isOf(at, owner)) {
          empty(at);
          dropped++;
        }
      }
    }
    return dropped;
  }

  /** Forgets all that is not global. */
  int dropNonGlobal() {
    int dropped = 0;
    for (int at = 0; at < words.length; at += STRIDE) {
      if (words[at] != 0 && words[at + OWNER] != GLOBAL) {
        empty(at);
        dropped++;
      }
    }
    return dropped;
  }

  /** Has what leads into memory that was freed be found as that, and no other way. */
  void markFreed(long physAddr, long sizeBytes) {
    for (int at = 0; at < words.length; at += STRIDE) {
      if (words[at] != 0 && (words[at + DATA] & LASTING) == 0) {
        long base = words[at + DATA] & ~LOW;
        if (base < physAddr + sizeBytes && physAddr < base + (1L << shifts[sizeAt(at)])) {
          words[at + DATA] = base | FREED;
        }
      }
    }
  }

  /** How many translations there are. */
  int size() {
    int slots = 0;
    for (int count : slotsBySize) {
      slots += count;
    }
    return slots;
  }

  private boolean isOf(int at, long owner) {
    return owner == ANYBODY || words[at + OWNER] == owner;
  }

  private boolean overlaps(int at, long first, long last) {
    int shift = shifts[sizeAt(at)];
    long page = words[at] >>> SIZE_BITS;
    return page >= (first >>> shift) && page <= (last >>> shift);
  }

  private int slot(long owner, long place, int size) {
    long page = place >>> shifts[size];
    long tag = tag(page, size);
    int at = set(page);
    for (int end = at + ways * STRIDE; at < end; at += STRIDE) {
      if (words[at] == tag && (words[at + OWNER] == owner || words[at + OWNER] == GLOBAL)) {
        return at;
      }
    }
    return -1;
  }

  /** An empty slot of a set, or one that makes way. */
  private int room(int set) {
    for (int at = set; at < set + ways * STRIDE; at += STRIDE) {
      if (words[at] == 0) {
        return at;
      }
    }
    random ^= random << 13;
    random ^= random >>> 7;
    random ^= random << 17;
    return set + (int) Long.remainderUnsigned(random, ways) * STRIDE;
  }

  private void empty(int at) {
    if (words[at] != 0) {
      int size = sizeAt(at);
      hints.remove(words[at + DATA] & ~LOW, 1L << shifts[size]);
      words[at] = 0;
      if (--slotsBySize[size] == 0) {
        sizes &= ~(1 << size);
      }
    }
  }

  private int size(int shift) {
    for (int size = 0; size < shifts.length; size++) {
      if (shifts[size] == shift) {
        return size;
      }
    }
    throw new IllegalStateException("pages of 2^" + shift + " bytes: not of this variant");
  }

  private int sizeAt(int at) {
    return (int) (words[at] & ((1 << SIZE_BITS) - 1)) - 1;
  }

  private static long tag(long page, int size) {
    return page << SIZE_BITS | (size + 1);
  }

  private int set(long page) {
    return ((int) (page ^ (page >>> 9)) & setMask) * ways * STRIDE;
  }
}

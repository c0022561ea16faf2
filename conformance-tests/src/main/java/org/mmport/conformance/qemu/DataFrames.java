package org.mmport.conformance.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.mmport.machine.PhysicalMemory;

/**
 * RAM that leaves map. Each word that is read says where it lies, and so does each piece of code
 * that is fetched: what an access finds tells which physical address it reached. A block of 4 KiB
 * has words to read and to write in turn, and code at its end; none of it ever changes but the
 * words that are written.
 */
final class DataFrames {
  private static final long BLOCK = 4096;
  private static final int POOL = 997;
  private static final long CODE = 0xf00;
  private static final int WORDS = 0xf00 / 16;

  private final PhysicalMemory memory;
  private final Guest guest;
  private final Random random;
  private final ValueLayout.OfInt word;
  private final Set<Long> marked = new HashSet<>();

  DataFrames(PhysicalMemory memory, Guest guest, Random random) {
    this.memory = memory;
    this.guest = guest;
    this.random = random;
    this.word = ValueLayout.JAVA_INT_UNALIGNED.withOrder(guest.spec().byteOrder());
  }

  /** An address for a leaf of so many bytes: in the data range where that can be. */
  long leafAddr(long span) {
    PhysRange range = guest.data();
    long first = (range.first() + span - 1) & -span;
    long choices = Math.max(1, (range.end() - first) / span);
    // Few enough that QEMU need not fault in and translate new ones all the time.
    long spread = Math.max(1, choices / POOL);
    return first + span * spread * random.nextInt((int) (choices / spread));
  }

  /** An address near one, in the same block, that such an access can use. */
  long address(long va, Access access) {
    long block = va & -BLOCK;
    if (access.fetches()) {
      return block + CODE;
    }
    return block + 16L * random.nextInt(WORDS) + (access.writes() ? 8 : 0);
  }

  /**
   * Whether an access that ends like this can be tried: it must not reach other memory, even where
   * QEMU should not refuse what it must.
   */
  boolean permits(AccessResult result) {
    return result.physAddr() == AccessResult.NOWHERE || guest.data().contains(result.physAddr());
  }

  /** Makes what lies where an access ends say so; called before a guest tries it. */
  void mark(AccessResult result) {
    long physAddr = result.physAddr();
    if (guest.data().contains(physAddr) && marked.add(physAddr & -4L)) {
      if ((physAddr & (BLOCK - 1)) == CODE) {
        byte[] code = guest.code(name(physAddr));
        MemorySegment.copy(
            MemorySegment.ofArray(code), 0, memory.slice(physAddr, code.length), 0, code.length);
      } else {
        memory.slice(physAddr, Integer.BYTES).set(word, 0, name(physAddr));
      }
    }
  }

  /** What is found at an address that was marked. */
  int name(long physAddr) {
    return (int) (physAddr >>> 2) * 0x9e3779b1;
  }

  int load(long physAddr) {
    return memory.slice(physAddr, Integer.BYTES).get(word, 0);
  }
}

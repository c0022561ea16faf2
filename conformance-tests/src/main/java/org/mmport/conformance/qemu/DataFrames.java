package org.mmport.conformance.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.function.IntFunction;
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
  private final PhysRange range;
  private final IntFunction<byte[]> code;
  private final Random random;
  private final ValueLayout.OfInt word;
  private final Set<Long> marked = new HashSet<>();

  DataFrames(PhysicalMemory memory, Guest guest, Random random) {
    this(memory, guest.data(), guest.spec().byteOrder(), guest::code, random);
  }

  /**
   * Frames of a range.
   *
   * @param code machine code that tells a number, as {@link Guest#code} has it
   */
  DataFrames(
      PhysicalMemory memory,
      PhysRange range,
      ByteOrder order,
      IntFunction<byte[]> code,
      Random random) {
    this.memory = memory;
    this.range = range;
    this.code = code;
    this.random = random;
    this.word = ValueLayout.JAVA_INT_UNALIGNED.withOrder(order);
  }

  /** An address for a leaf of so many bytes: in the data range where that can be. */
  long leafAddr(long span) {
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
    return result.physAddr() == AccessResult.NOWHERE || range.contains(result.physAddr());
  }

  /** Makes what lies where an access ends say so; called before a guest tries it. */
  void mark(AccessResult result) {
    mark(result.physAddr());
  }

  void mark(long physAddr) {
    if (range.contains(physAddr) && marked.add(physAddr & -4L)) {
      if ((physAddr & (BLOCK - 1)) == CODE) {
        byte[] bytes = code.apply(name(physAddr));
        MemorySegment.copy(
            MemorySegment.ofArray(bytes), 0, memory.slice(physAddr, bytes.length), 0, bytes.length);
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

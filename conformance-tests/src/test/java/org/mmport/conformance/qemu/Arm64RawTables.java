package org.mmport.conformance.qemu;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.LongUnaryOperator;
import org.mmport.machine.PhysicalMemory;

/**
 * Descriptors written bit by bit as the Arm ARM draws them (D8.3), without any port: tables, blocks
 * and pages, invalid ones and those of reserved types, with all rights and marks in all mixtures.
 */
final class Arm64RawTables {
  /** What may be anything: attributes, rights, nG, GP, DBM, contiguous, software's bits. */
  private static final long LEAF_NOISE = 0xfff8_0000_0000_08fcL;

  /** The rights that tables take away, and what is ignored in tables. */
  private static final long TABLE_NOISE = 0xfff8_0000_0000_0cfcL;

  private static final long GUARDED = 1L << 50;
  private static final long SHAREABILITY = 3L << 8;
  private static final long AF = 1L << 10;

  private final PhysicalMemory memory;
  private final Arm64Regime regime;
  private final Random random;
  private final LongUnaryOperator leafAddr;
  private final List<Long> roots = new ArrayList<>();
  private final List<Long> addresses = new ArrayList<>();
  private final int children;
  private final long first;
  private long next;

  /**
   * Makes tables.
   *
   * @param leafAddr physical addresses for leaves of so many bytes
   */
  Arm64RawTables(
      Guest guest,
      PhysicalMemory memory,
      Arm64Regime regime,
      LongUnaryOperator leafAddr,
      Random random) {
    this.memory = memory;
    this.regime = regime;
    this.random = random;
    this.leafAddr = leafAddr;
    this.first = guest.tables().first();
    this.next = first;
    int rootLevel = regime.rootLevel();
    this.children = (int) Math.ceil(Math.pow(400, 1.0 / (4 - rootLevel)));
    for (long base : new long[] {0, -1L << regime.vaBits()}) {
      roots.add(table(guest, rootLevel, base));
    }
    guest.hook(memory, roots);
  }

  /** TTBR0_EL1's and TTBR1_EL1's. */
  List<Long> roots() {
    return roots;
  }

  /** One in each leaf and hole. */
  List<Long> addresses() {
    return addresses;
  }

  /** Where the tables lie. */
  PhysRange used() {
    return new PhysRange(first, next);
  }

  private long table(Guest guest, int level, long base) {
    long size = 1L << regime.pageShift();
    long table = next;
    next += size;
    memory.slice(table, size).fill((byte) 0);
    int last = regime.index(level, -1L);
    TreeSet<Integer> indices = new TreeSet<>(List.of(0, last));
    while (indices.size() < Math.min(children, last + 1)) {
      indices.add(random.nextInt(last + 1));
    }
    for (int index : indices) {
      long va = base + ((long) index << regime.shift(level));
      if (!guest.isOwn(va)) {
        long raw = entry(guest, level, va);
        memory.slice(table + 8L * index, 8).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, raw);
      }
    }
    return table;
  }

  private long entry(Guest guest, int level, long va) {
    // QEMU 7.2 takes an entry of type 1 for a block at every level: none where there are no blocks.
    boolean leaf = level == 3 || Arm64Walker.blocksAt(regime, level);
    if (!leaf || (level < 3 && random.nextInt(4) != 0)) {
      long raw = table(guest, level + 1, va) | (TABLE_NOISE & noise(5)) | 3;
      return random.nextInt(30) == 0 ? raw & ~1L : raw;
    }
    long span = 1L << regime.shift(level);
    addresses.add(va + (random.nextLong() & (span - 1)));
    if (random.nextInt(10) == 0) {
      return random.nextLong() & ~1L;
    }
    long raw = packed(leafAddr.applyAsLong(span));
    raw |= (LEAF_NOISE & noise(2)) | (random.nextInt(4) == 0 ? 0 : AF);
    raw |= (GUARDED & noise(4)) | (regime.isLpa2() ? 0 : SHAREABILITY & random.nextLong());
    return raw | (level < 3 || random.nextInt(20) == 0 ? 1 : 3);
  }

  /** An address as leaves hold it: bits that are too high for their place lie elsewhere. */
  private long packed(long physAddr) {
    if (regime.isLpa2()) {
      return (physAddr & (1L << 50) - 1) | (physAddr >>> 50 & 3) << 8;
    }
    return (physAddr & (1L << 48) - 1) | (physAddr >>> 48 & 15) << 12;
  }

  /** Each bit with a chance of one in so many. */
  private long noise(int oneIn) {
    long bits = 0;
    for (int bit = 0; bit < Long.SIZE; bit++) {
      bits |= random.nextInt(oneIn) == 0 ? 1L << bit : 0;
    }
    return bits;
  }
}

package org.mmport.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** The addresses of the measurements and the variants that they may be disturbed by. */
final class Workload {
  static final int PAGES = 262_144;
  static final long BASE = 0x7f00_0000_0000L;
  static final long PAGE_BYTES = 4096;
  static final String MEASURED = "x86_64/4level";

  private Workload() {}

  static long[] sequential() {
    long[] vas = new long[PAGES];
    for (int i = 0; i < PAGES; i++) {
      vas[i] = BASE + i * PAGE_BYTES;
    }
    return vas;
  }

  /** One page at random in every 256 KiB of 64 GiB. */
  static long[] sparse() {
    SplittableRandom random = new SplittableRandom(7);
    long[] vas = new long[PAGES];
    for (int i = 0; i < PAGES; i++) {
      vas[i] = BASE + i * 64 * PAGE_BYTES + random.nextInt(64) * PAGE_BYTES;
    }
    return vas;
  }

  static long[] shuffled(long[] vas) {
    SplittableRandom random = new SplittableRandom(11);
    long[] copy = vas.clone();
    for (int i = copy.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      long swapped = copy[i];
      copy[i] = copy[j];
      copy[j] = swapped;
    }
    return copy;
  }

  /**
   * Uses seven more variants the way the measurement uses its own, so that no call is left that
   * knows only one.
   */
  static void exerciseOthers() {
    List<MmuVariant> others = new ArrayList<>();
    others.add(Variants.of("x86_64/la57"));
    MmuVariant plain = Variants.of(MEASURED);
    for (int i = 0; i < 6; i++) {
      others.add(plain.withFormat(DelegatingFormat.another(plain.format())));
    }
    for (MmuVariant variant : others) {
      try (PhysicalMemory memory = PhysicalMemory.ofSize(64 << 20)) {
        TableSpace space = new TableSpace(variant, FrameAllocator.singleNode(memory, 12), 0);
        for (int round = 0; round < 20; round++) {
          exercise(PageTable.create(space, TableOwner.USER));
        }
      }
    }
  }

  private static void exercise(PageTable table) {
    try (table;
        MmuGather gather = table.gather(request -> {})) {
      long sum = 0;
      for (int i = 0; i < 4096; i++) {
        table.map(
            BASE + i * PAGE_BYTES, i * PAGE_BYTES, PAGE_BYTES, Protection.PAGE_SHARED, gather);
        sum += table.translate(BASE + i * PAGE_BYTES);
      }
      table.protect(BASE, 4096 * PAGE_BYTES, Protection.PAGE_READONLY, gather);
      for (int i = 0; i < 2048; i++) {
        table.unmap(BASE + i * PAGE_BYTES, PAGE_BYTES, gather);
      }
      table.unmap(BASE, 4096 * PAGE_BYTES, gather);
      table.map(BASE, 0, 4096 * PAGE_BYTES, Protection.PAGE_SHARED, gather);
      table.unmap(BASE, 4096 * PAGE_BYTES, gather);
      gather.flush();
      if (sum == 42) {
        throw new IllegalStateException();
      }
    }
  }
}

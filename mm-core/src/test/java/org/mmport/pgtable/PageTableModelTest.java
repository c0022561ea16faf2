package org.mmport.pgtable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/**
 * Random programs of map, unmap and protect against a map from page to frame and rights, read back
 * from the bytes.
 */
class PageTableModelTest {
  private static final List<Protection> PROTECTIONS =
      List.of(
          Protection.PAGE_SHARED,
          Protection.PAGE_READONLY,
          Protection.PAGE_READONLY_EXEC,
          Protection.PAGE_KERNEL,
          Protection.PAGE_NONE);

  static Stream<FakeVariants> fakes() {
    return FakeVariants.all().stream();
  }

  @ParameterizedTest
  @MethodSource("fakes")
  void tablesHoldWhatTheModelHolds(FakeVariants fake) {
    for (long seed = 1; seed <= 6; seed++) {
      new Program(fake, seed).run();
    }
  }

  private record Page(long physAddr, Protection protection) {}

  private static final class Program {
    private final FakeVariants fake;
    private final PagingGeometry geometry;
    private final long seed;
    private final SplittableRandom random;
    private final Map<Long, Page> model = new HashMap<>();
    private final long pageBytes;
    private final VaRegion region;
    private final long windowBytes;
    private final long firstVa;

    Program(FakeVariants fake, long seed) {
      this.fake = fake;
      this.seed = seed;
      this.random = new SplittableRandom(seed);
      this.geometry = fake.variant().geometry();
      this.pageBytes = geometry.pageBytes();
      List<VaRegion> regions = geometry.vaLayout().regions();
      this.region = regions.get(random.nextInt(regions.size()));
      long regionBytes = region.lastVa() - region.firstVa() + 1;
      // A few leaves of the largest size, at the very top of the region every other time.
      long pmdBytes = Math.min(regionBytes, 4 * geometry.spanBytes(Level.PMD));
      this.windowBytes = geometry.at(Level.PMD).isFolded() ? regionBytes : pmdBytes;
      this.firstVa = seed % 2 == 0 ? region.lastVa() - windowBytes + 1 : region.firstVa();
    }

    void run() {
      try (PhysicalMemory memory = PhysicalMemory.ofSize(64L << 20)) {
        FrameAllocator frames = FrameAllocator.singleNode(memory, geometry.pageShift());
        TableSpace space = new TableSpace(fake.variant(), frames, 0);
        long before = frames.freeFrames();
        try (PageTable table = PageTable.create(space, TableOwner.USER)) {
          long withRoots = frames.freeFrames();
          for (int step = 0; step < 120; step++) {
            step(table);
            compare(memory, table, "seed " + seed + " step " + step);
          }
          try (MmuGather gather = table.gather(request -> {})) {
            table.unmap(firstVa, windowBytes, gather);
            gather.flush();
          }
          assertEquals(
              withRoots, frames.freeFrames(), fake + " seed " + seed + ": tables left behind");
        }
        assertEquals(before, frames.freeFrames(), fake + " seed " + seed + ": roots left behind");
      }
    }

    private void step(PageTable table) {
      long pages = windowBytes / pageBytes;
      long first = random.nextLong(pages);
      long count = 1 + random.nextLong(random.nextBoolean() ? 3 : pages - first);
      count = Math.min(count, pages - first);
      if (random.nextInt(3) == 0) {
        long largest = geometry.spanBytes(Level.PMD) / pageBytes;
        first = first / largest * largest;
        count = Math.min(pages - first, largest * (1 + random.nextInt(2)));
      }
      long va = firstVa + first * pageBytes;
      Protection protection = PROTECTIONS.get(random.nextInt(PROTECTIONS.size()));
      try (MmuGather gather = table.gather(request -> {})) {
        switch (random.nextInt(4)) {
          case 0, 1 -> map(table, va, count, protection, gather);
          case 2 -> {
            table.unmap(va, count * pageBytes, gather);
            for (long i = 0; i < count; i++) {
              model.remove(va + i * pageBytes);
            }
          }
          default -> {
            table.protect(va, count * pageBytes, protection, gather);
            for (long i = 0; i < count; i++) {
              model.computeIfPresent(
                  va + i * pageBytes, (k, page) -> new Page(page.physAddr(), protection));
            }
          }
        }
        gather.flush();
      }
    }

    private void map(
        PageTable table, long va, long count, Protection protection, MmuGather gather) {
      long spread = geometry.entryBytes() == 4 ? 1L << 30 : 1L << 40;
      long physAddr =
          random.nextLong(spread)
              & -(random.nextBoolean() ? pageBytes : geometry.spanBytes(Level.PMD));
      Level largest = Level.values()[random.nextInt(5)];
      boolean free = true;
      for (long i = 0; i < count && free; i++) {
        free = !model.containsKey(va + i * pageBytes);
      }
      if (!free) {
        assertThrows(
            InvalidRequestException.class,
            () -> table.map(va, physAddr, count * pageBytes, protection, largest, gather));
        return;
      }
      table.map(va, physAddr, count * pageBytes, protection, largest, gather);
      for (long i = 0; i < count; i++) {
        model.put(va + i * pageBytes, new Page(physAddr + i * pageBytes, protection));
      }
    }

    private void compare(PhysicalMemory memory, PageTable table, String when) {
      ByteReader reader = new ByteReader(memory, fake);
      long pages = windowBytes / pageBytes;
      long stride = Math.max(1, pages / 600);
      for (long i = random.nextLong(stride); i < pages; i += stride) {
        long va = firstVa + i * pageBytes;
        Page page = model.get(va);
        String what = fake + " " + when + " va 0x" + Long.toHexString(va);
        long read = reader.leafFlagsAndAddr(table.root(region.root()), va);
        if (page == null || page.protection().isNone()) {
          assertEquals(-1, read, what);
          assertEquals(TableWalker.NOT_MAPPED, table.translate(va), what);
        } else {
          long flags = 1L + (page.protection().exec() ? 0 : 64);
          flags += page.protection().write() ? 2 : 0;
          flags += page.protection().owner() == TableOwner.USER ? 4 : 0;
          assertEquals(page.physAddr() + flags, read, what);
          assertEquals(page.physAddr() + 5, table.translate(va + 5), what);
        }
      }
    }
  }
}

package org.mmport.pgtable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.NumaNode;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.PhysicalMemory.Extent;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** The fast way through every shape that memory can have: it must end as the careful walk does. */
class WalkerMemoryTest {
  private static final long SIZE_BYTES = 16L << 20;

  static Stream<MmuVariant> variants() {
    return FakeVariants.all().stream().map(FakeVariants::variant);
  }

  /** Some pages mapped, in the image of a memory; and where. */
  private static final class Image implements AutoCloseable {
    final MmuVariant variant;
    final PhysicalMemory memory = PhysicalMemory.ofSize(SIZE_BYTES);
    final PageTable table;
    final List<Long> roots;
    final long pageBytes;

    Image(MmuVariant variant) {
      this.variant = variant;
      this.pageBytes = variant.geometry().pageBytes();
      FrameAllocator frames = FrameAllocator.singleNode(memory, variant.geometry().pageShift());
      this.table = PageTable.create(new TableSpace(variant, frames, 0), TableOwner.USER);
      this.roots =
          IntStream.range(0, variant.geometry().vaLayout().roots()).mapToObj(table::root).toList();
      try (MmuGather gather = table.gather(request -> {})) {
        for (int i = 0; i < 8; i += 2) {
          table.map(i * pageBytes, i * pageBytes, pageBytes, Protection.PAGE_SHARED, gather);
        }
        gather.flush();
      }
    }

    void agreesIn(PhysicalMemory other) {
      TableWalker walker = TableWalker.over(other, variant, roots);
      for (int i = 0; i < 9; i++) {
        long va = i * pageBytes + 5;
        assertEquals(ending(walker.walk(va)), walker.translate(va), variant + " page " + i);
      }
    }

    static long ending(Walk walk) {
      return switch (walk.outcome()) {
        case Outcome.Mapped mapped -> mapped.physAddr();
        case Outcome.Fault fault -> TableWalker.NOT_MAPPED;
      };
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void oneExtentMayLieUnalignedInItsFile(MmuVariant variant) {
    try (Image image = new Image(variant);
        Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(SIZE_BYTES + 1, 8).asSlice(1);
      copy.copyFrom(image.memory.mainExtent().bytes());
      PhysicalMemory unaligned = PhysicalMemory.ofExtents(List.of(new Extent(0, copy)), arena);
      image.agreesIn(unaligned);
      assertEquals(5, TableWalker.over(unaligned, variant, image.roots).translate(5));
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void oneExtentMayStartAnywhere(MmuVariant variant) {
    long base = 64L << 20;
    Arena arena = Arena.ofShared();
    Extent extent = new Extent(base, arena.allocate(SIZE_BYTES, 1 << 16));
    long pageBytes = variant.geometry().pageBytes();
    try (PhysicalMemory memory = PhysicalMemory.ofExtents(List.of(extent), arena)) {
      NumaNode node = new NumaNode(0, base, SIZE_BYTES);
      FrameAllocator frames =
          new FrameAllocator(memory, variant.geometry().pageShift(), List.of(node));
      PageTable table = PageTable.create(new TableSpace(variant, frames, 0), TableOwner.USER);
      try (MmuGather gather = table.gather(request -> {})) {
        table.map(pageBytes, base, pageBytes, Protection.PAGE_SHARED, gather);
        gather.flush();
      }
      assertEquals(base + 5, table.translate(pageBytes + 5));
      assertEquals(TableWalker.NOT_MAPPED, table.translate(5));
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void severalExtentsAreOneMemory(MmuVariant variant) {
    try (Image image = new Image(variant);
        Arena arena = Arena.ofConfined()) {
      MemorySegment whole = image.memory.mainExtent().bytes();
      long cut = image.roots.getFirst() + 8;
      PhysicalMemory two =
          PhysicalMemory.ofExtents(
              List.of(new Extent(0, whole.asSlice(0, cut)), new Extent(cut, whole.asSlice(cut))),
              arena);
      image.agreesIn(two);
      assertEquals(5, TableWalker.over(two, variant, image.roots).translate(5));
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void whatLiesOutsideIsNotMapped(MmuVariant variant) {
    try (Image image = new Image(variant);
        Arena arena = Arena.ofConfined()) {
      for (long size : new long[] {1, 3, 8, image.roots.getFirst() + 4}) {
        MemorySegment part = image.memory.mainExtent().bytes().asSlice(0, size);
        image.agreesIn(PhysicalMemory.ofExtents(List.of(new Extent(0, part)), arena));
      }
      MemorySegment high = image.memory.mainExtent().bytes();
      image.agreesIn(PhysicalMemory.ofExtents(List.of(new Extent(SIZE_BYTES * 4, high)), arena));
    }
  }

  /** Where memory ends within a table, the entries before its end still count. */
  @ParameterizedTest
  @MethodSource("variants")
  void tablesMayBeCutOff(MmuVariant variant) {
    try (Image image = new Image(variant);
        Arena arena = Arena.ofConfined()) {
      MemorySegment whole = image.memory.mainExtent().bytes();
      for (long size = 4096 + 64; size < 1 << 20; size += 4096) {
        image.agreesIn(
            PhysicalMemory.ofExtents(List.of(new Extent(0, whole.asSlice(0, size))), arena));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void closedMemoryIsRefused(MmuVariant variant) {
    Image image = new Image(variant);
    TableWalker walker = image.table.walker();
    assertEquals(5, walker.translate(5));
    image.close();
    assertThrows(IllegalStateException.class, () -> walker.translate(5));
    assertThrows(IllegalStateException.class, () -> image.table.translate(5));
    try (MmuGather gather = image.table.gather(request -> {})) {
      assertThrows(
          IllegalStateException.class,
          () ->
              image.table.map(image.pageBytes, 0, image.pageBytes, Protection.PAGE_SHARED, gather));
    }
  }

  /** Long enough for the loop to be compiled, with all that the compiler takes out of it. */
  @ParameterizedTest
  @MethodSource("variants")
  void whoSpinsSeesWhatOthersMap(MmuVariant variant) throws InterruptedException {
    try (Image image = new Image(variant)) {
      TableWalker walker = image.table.walker();
      long missing = image.pageBytes;
      AtomicBoolean stopped = new AtomicBoolean();
      Thread waiting =
          new Thread(
              () -> {
                while (walker.translate(missing) == TableWalker.NOT_MAPPED && !stopped.getPlain()) {
                  Thread.onSpinWait();
                }
              });
      waiting.setDaemon(true);
      waiting.start();
      Thread.sleep(100);
      try (MmuGather gather = image.table.gather(request -> {})) {
        image.table.map(missing, 0, image.pageBytes, Protection.PAGE_SHARED, gather);
        gather.flush();
      }
      waiting.join(10_000);
      boolean seen = !waiting.isAlive();
      stopped.set(true);
      waiting.join();
      assertTrue(seen, variant + ": whoever waits for a page must see it mapped");
    }
  }
}

package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertIterableEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.spi.InvalidRequestException;

/** Pages that are counted by plain stores, beside {@link Folios} that counts them atomically. */
class SinglePagesTest {
  // Next to each other, and neither starts nor ends at a large block.
  private static final List<NumaNode> NODES =
      List.of(TestMemory.node(0, 3, 1500), TestMemory.node(1, 1503, 1049));

  private static long anon(Folios folios) {
    long pfn = folios.alloc(0, 0);
    folios.set(pfn, PageFlag.ANON);
    folios.set(pfn, PageFlag.ANON_EXCLUSIVE);
    folios.addMapCount(pfn, 1);
    return pfn;
  }

  @Test
  void isSharedWithOneReferenceAndOneMapMore() {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      Folios folios = new Folios(frames);
      SinglePages pages = SinglePages.ofMachine(folios, frames);
      long pfn = anon(folios);
      assertEquals(1, pages.tryDup(pfn, 1));
      assertFalse(folios.is(pfn, PageFlag.ANON_EXCLUSIVE));
      assertEquals(2, folios.refCount(pfn));
      assertEquals(2, folios.mapCount(pfn));
      assertEquals(1, pages.tryDup(pfn, 1));
      assertEquals(3, folios.refCount(pfn));
      assertTrue(pages.isMapped(pfn));
      assertEquals(1, pages.tryUnmap(pfn, 1, false));
      assertEquals(2, folios.mapCount(pfn));
      assertEquals(3, folios.refCount(pfn));
      assertFalse(folios.is(pfn, PageFlag.DIRTY));
      assertEquals(1, pages.tryUnmap(pfn, 1, true));
      assertTrue(folios.is(pfn, PageFlag.DIRTY));
      assertTrue(folios.is(pfn, PageFlag.ANON));
    }
  }

  @Test
  void leavesToOthersWhatIsNoSuchPage() {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      Folios folios = new Folios(frames);
      SinglePages pages = SinglePages.ofMachine(folios, frames);
      long pinned = anon(folios);
      folios.pin(pinned, 1);
      assertEquals(0, pages.tryDup(pinned, 1), "pinned, and one's own");
      assertEquals(1, folios.mapCount(pinned));
      folios.clear(pinned, PageFlag.ANON_EXCLUSIVE);
      assertEquals(1, pages.tryDup(pinned, 1), "pinned, and others' too");
      long large = folios.alloc(2, 0);
      folios.set(large, PageFlag.ANON);
      folios.addMapCount(large, 1);
      assertUntouched(pages, large, "a large folio's first");
      assertUntouched(pages, large + 1, "another of its pages");
      long file = folios.alloc(0, 0);
      folios.addMapCount(file, 1);
      assertUntouched(pages, file, "a file's");
      long full = anon(folios);
      folios.clear(full, PageFlag.ANON_EXCLUSIVE);
      folios.ref(full, Integer.MAX_VALUE - 1);
      assertEquals(0, pages.tryDup(full, 1), "as many references as there may be");
      assertUntouched(pages, 1L << 40, "no frame");
      assertUntouched(pages, -1, "nor this");
      long cached = anon(folios);
      folios.ref(cached, 1);
      folios.set(cached, PageFlag.SWAPCACHE);
      assertNotUnmapped(pages, cached, "in the swap cache too");
      long unmapped = anon(folios);
      assertEquals(1, pages.tryUnmap(unmapped, 1, false));
      assertNotUnmapped(pages, unmapped, "mapped by none");
    }
  }

  /** What two processes have, they may unmap and give back at once. */
  @Test
  void countsAtomicallyWhatIsOthersToo() throws InterruptedException {
    int pages = 4096;
    try (PhysicalMemory memory = TestMemory.fromBase(2L * pages)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      Folios folios = new Folios(frames);
      for (int round = 0; round < 40; round++) {
        long[] pfns = new long[pages];
        for (int i = 0; i < pages; i++) {
          pfns[i] = anon(folios);
          folios.clear(pfns[i], PageFlag.ANON_EXCLUSIVE);
          folios.dup(pfns[i]);
        }
        Thread other = new Thread(() -> leave(folios, frames, pfns));
        other.start();
        leave(folios, frames, pfns);
        other.join();
        assertEquals(0, folios.allocated(), "pages that are left in round " + round);
      }
    }
  }

  private static void leave(Folios folios, FrameAllocator frames, long[] pfns) {
    SinglePages own = SinglePages.ofOneProcess(folios, frames);
    PageRows row = new PageRows();
    for (long pfn : pfns) {
      assertEquals(1, own.tryUnmap(pfn, 1, true));
      row.add(pfn, 1);
    }
    own.unref(row);
  }

  private static void assertUntouched(SinglePages pages, long pfn, String what) {
    assertEquals(0, pages.tryDup(pfn, 1), what);
    assertNotUnmapped(pages, pfn, what);
  }

  private static void assertNotUnmapped(SinglePages pages, long pfn, String what) {
    assertFalse(pages.isMapped(pfn), what);
    assertEquals(0, pages.tryUnmap(pfn, 1, true), what);
  }

  /**
   * Whatever is in a row, rows come to what its pages one by one would: where kinds change from
   * page to page, and where nearly all that are looked at together are alike.
   */
  @ParameterizedTest
  @CsvSource({"1, 12", "2, 12", "3, 12", "4, 12", "1, 200", "2, 200", "3, 200", "4, 200", "5, 200"})
  void countsRowsAsIfOneByOne(long seed, int alike) {
    assertIterableEquals(countedRows(seed, alike, 1), countedRows(seed, alike, 24));
  }

  /** What rows of that length at most leave behind of pages of all kinds. */
  private static List<List<Long>> countedRows(long seed, int alike, int most) {
    try (PhysicalMemory memory = TestMemory.fromBase(512)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      Folios folios = new Folios(frames);
      Random random = new Random(seed);
      long first = folios.alloc(0, 0);
      while (frames.freeFrames() > 0) {
        ofAnyKind(folios, random, alike);
      }
      List<List<Long>> seen = new ArrayList<>();
      SinglePages pages = SinglePages.ofMachine(folios, frames);
      SinglePages own = SinglePages.ofOneProcess(folios, frames);
      // What is one's own, what two have, and what nobody has any more.
      row(first, most, false, own::tryUnmap);
      seen.addAll(row(first, most, true, (pfn, nr, dirty) -> pages.tryDup(pfn, nr)));
      seen.addAll(row(first + 64, most, true, (pfn, nr, dirty) -> pages.tryDup(pfn, nr)));
      seen.addAll(row(first + 64, most, true, (pfn, nr, dirty) -> pages.tryDup(pfn, nr)));
      seen.addAll(row(first + 64, most, true, pages::tryUnmap));
      seen.addAll(row(first + 128, most, true, pages::tryUnmap));
      seen.addAll(row(first + 192, most, false, pages::tryUnmap));
      for (long pfn = first; pfn < first + 256; pfn++) {
        seen.add(known(frames, pfn));
      }
      long end = first + 256;
      for (long pfn = first; pfn < end; ) {
        PageRows row = new PageRows();
        long before = pfn;
        while (pfn < end && pfn - before < most && known(frames, pfn).get(1) != 0) {
          pfn++;
        }
        if (pfn > before) {
          row.add(before, (int) (pfn - before));
          unrefAll(pages, row);
        } else {
          pfn++;
        }
      }
      for (long pfn = first; pfn < end; pfn++) {
        seen.add(known(frames, pfn));
      }
      seen.add(List.of(folios.allocated()));
      return seen;
    }
  }

  /** What one page is refused for, a row of them is, too. */
  @Test
  void refusesRowsOfWhatItRefuses() {
    try (PhysicalMemory memory = TestMemory.fromBase(256)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      Folios folios = new Folios(frames);
      SinglePages pages = SinglePages.ofMachine(folios, frames);
      long pinned = anonRow(folios, pfn -> folios.pin(pfn, 1));
      assertEquals(0, pages.tryDup(pinned, 16), "pinned, and one's own");
      long unmapped = anonRow(folios, pfn -> folios.addMapCount(pfn, -1));
      assertEquals(0, pages.tryUnmap(unmapped, 16, true), "mapped by none");
      long mapped = anonRow(folios, pfn -> {});
      PageRows row = new PageRows();
      row.add(mapped, 16);
      assertThrows(InvalidRequestException.class, () -> pages.unref(row), "as many maps");
      assertEquals(1, folios.refCount(mapped));
      long held =
          anonRow(
              folios,
              pfn -> {
                folios.addMapCount(pfn, -1);
                folios.set(pfn, PageFlag.SWAPCACHE);
              });
      PageRows heldRow = new PageRows();
      heldRow.add(held, 16);
      assertThrows(InvalidRequestException.class, () -> pages.unref(heldRow), "in the swap cache");
      assertEquals(1, folios.refCount(held));
      long shared = anonRow(folios, pfn -> folios.ref(pfn, 1));
      PageRows sharedRow = new PageRows();
      sharedRow.add(shared, 16);
      pages.unref(sharedRow);
      assertEquals(1, folios.refCount(shared + 15));
      assertTrue(folios.is(shared, PageFlag.ANON), "still there");
    }
  }

  private static long anonRow(Folios folios, LongConsumer also) {
    long first = anon(folios);
    also.accept(first);
    for (int i = 1; i < 16; i++) {
      long pfn = anon(folios);
      assertEquals(first + i, pfn);
      also.accept(pfn);
    }
    return first;
  }

  private interface RowOperation {
    int apply(long pfn, int nr, boolean dirty);
  }

  /** Has an operation done for 64 pages, and says of which it was. */
  private static List<List<Long>> row(long first, int most, boolean dirty, RowOperation each) {
    List<List<Long>> done = new ArrayList<>();
    for (long pfn = first; pfn < first + 64; ) {
      int nr = each.apply(pfn, (int) Math.min(most, first + 64 - pfn), dirty);
      for (int i = 0; i < nr; i++) {
        done.add(List.of(pfn + i));
      }
      pfn += Math.max(1, nr);
    }
    return done;
  }

  /** Gives back a reference of each that has one to give. */
  private static void unrefAll(SinglePages pages, PageRows row) {
    while (!row.isEmpty()) {
      try {
        pages.unref(row);
      } catch (InvalidRequestException e) {
        // Mapped: its row goes on behind it.
      }
    }
  }

  /** The kind of a page and its counts, as they are stored; zeros where it is free. */
  private static List<Long> known(FrameAllocator frames, long pfn) {
    FrameTable table = frames.frames();
    return table.state(pfn) == FrameTable.ALLOCATED_HEAD
        ? List.of(
            table.kinds(pfn, 1).get(ValueLayout.JAVA_LONG, 0),
            table.counts(pfn, 1).get(ValueLayout.JAVA_LONG, 0))
        : List.of(0L, table.counts(pfn, 1).get(ValueLayout.JAVA_LONG, 0));
  }

  /** Mostly such pages, their owner's alone or not, some that are none. */
  private static void ofAnyKind(Folios folios, Random random, int alike) {
    long pfn = anon(folios);
    switch (random.nextInt(alike)) {
      case 0 -> folios.pin(pfn, 1);
      case 1 -> folios.clear(pfn, PageFlag.ANON);
      case 2 -> folios.set(pfn, PageFlag.SWAPCACHE);
      case 3 -> folios.addMapCount(pfn, -1);
      case 4 -> folios.set(pfn, PageFlag.DIRTY);
      case 5 -> folios.ref(pfn, 1);
      case 6, 7, 8 -> folios.clear(pfn, PageFlag.ANON_EXCLUSIVE);
      default -> {}
    }
  }

  /** Frames in a row make one row, whoever adds them, and the row that came last goes first. */
  @Test
  void putsFramesInARowTogether() {
    PageRows rows = new PageRows();
    rows.add(7, 3);
    rows.add(10, 1);
    rows.add(4, 3);
    assertEquals(7, rows.pages());
    assertEquals(4, rows.lastFirst());
    assertEquals(3, rows.lastLength());
    rows.removeFromLast(2);
    assertEquals(6, rows.lastFirst());
    rows.removeFromLast(1);
    assertEquals(7, rows.lastFirst());
    assertEquals(4, rows.lastLength());
    rows.removeFromLast(4);
    assertTrue(rows.isEmpty());
    assertEquals(0, rows.pages());
  }

  @Test
  void keepsWhatIsStillMapped() {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      Folios folios = new Folios(frames);
      SinglePages pages = SinglePages.ofMachine(folios, frames);
      PageRows row = new PageRows();
      for (int i = 0; i < 5; i++) {
        long pfn = anon(folios);
        row.add(pfn, 1);
        if (i != 2) {
          assertEquals(1, pages.tryUnmap(pfn, 1, false));
        }
      }
      assertThrows(InvalidRequestException.class, () -> pages.unref(row));
      assertEquals(3, folios.allocated(), "those before it are gone");
      assertEquals(2, row.pages(), "those behind it are not lost");
      pages.unref(row);
      assertEquals(1, folios.allocated());
      assertTrue(row.isEmpty());
    }
  }

  /** Frames in a row are freed together: the same are free then, in blocks as large. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void freesAsIfOneByOne(long seed) {
    assertEquals(free(seed, true), free(seed, false));
  }

  private static List<Long> free(long seed, boolean together) {
    Random random = new Random(seed);
    try (PhysicalMemory memory = TestMemory.fromBase(2552)) {
      FrameAllocator frames = new FrameAllocator(memory, PAGE_SHIFT, NODES);
      Folios folios = new Folios(frames);
      List<Long> freed = new ArrayList<>();
      while (frames.freeFrames() > 0) {
        long pfn = anon(folios);
        if (random.nextInt(16) > 0) {
          freed.add(pfn);
          folios.addMapCount(pfn, -1);
        }
      }
      freed.sort(null);
      if (together) {
        PageRows list = new PageRows();
        freed.forEach(pfn -> list.add(pfn, 1));
        SinglePages.ofMachine(folios, frames).unref(list);
      } else {
        freed.reversed().forEach(pfn -> folios.unref(pfn, 1));
      }
      FrameInvariants.verify(frames);
      assertEquals(2549 - freed.size(), folios.allocated());
      List<Long> again = new ArrayList<>();
      for (int order = 4; order >= 0; order--) {
        allocAll(frames, order, again);
      }
      return again;
    }
  }

  private static void allocAll(FrameAllocator frames, int order, List<Long> to) {
    List<Long> blocks = new ArrayList<>();
    try {
      while (true) {
        blocks.add(frames.alloc(order, 0));
      }
    } catch (OutOfFramesException e) {
      blocks.sort(null);
      to.addAll(blocks);
      to.add(-1L - order);
    }
  }
}

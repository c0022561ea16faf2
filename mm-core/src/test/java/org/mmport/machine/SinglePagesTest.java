package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
      assertTrue(pages.tryDup(pfn));
      assertFalse(folios.is(pfn, PageFlag.ANON_EXCLUSIVE));
      assertEquals(2, folios.refCount(pfn));
      assertEquals(2, folios.mapCount(pfn));
      assertTrue(pages.tryDup(pfn));
      assertEquals(3, folios.refCount(pfn));
      assertTrue(pages.areMapped(pfn));
      pages.unmap(pfn, false);
      assertEquals(2, folios.mapCount(pfn));
      assertEquals(3, folios.refCount(pfn));
      assertFalse(folios.is(pfn, PageFlag.DIRTY));
      pages.unmap(pfn, true);
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
      assertFalse(pages.tryDup(pinned), "pinned, and one's own");
      assertEquals(1, folios.mapCount(pinned));
      folios.clear(pinned, PageFlag.ANON_EXCLUSIVE);
      assertTrue(pages.tryDup(pinned), "pinned, and others' too");
      long large = folios.alloc(2, 0);
      folios.set(large, PageFlag.ANON);
      folios.addMapCount(large, 1);
      assertFalse(pages.tryDup(large) || pages.areMapped(large), "a large folio's first");
      assertFalse(pages.tryDup(large + 1) || pages.areMapped(large + 1), "another of its pages");
      long file = folios.alloc(0, 0);
      folios.addMapCount(file, 1);
      assertFalse(pages.tryDup(file) || pages.areMapped(file), "a file's");
      long full = anon(folios);
      folios.clear(full, PageFlag.ANON_EXCLUSIVE);
      folios.ref(full, Integer.MAX_VALUE - 1);
      assertFalse(pages.tryDup(full), "as many references as there may be");
      assertFalse(pages.tryDup(1L << 40) || pages.areMapped(-1), "no frame");
      long cached = anon(folios);
      folios.ref(cached, 1);
      folios.set(cached, PageFlag.SWAPCACHE);
      assertFalse(pages.areMapped(cached), "in the swap cache too");
      long shared = anon(folios);
      folios.clear(shared, PageFlag.ANON_EXCLUSIVE);
      assertTrue(pages.areMapped(shared));
      assertFalse(SinglePages.ofOneProcess(folios, frames).areMapped(shared), "maybe others' too");
    }
  }

  @Test
  void keepsWhatIsStillMapped() {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      Folios folios = new Folios(frames);
      PageList one = new PageList();
      one.add(anon(folios));
      SinglePages pages = SinglePages.ofMachine(folios, frames);
      assertThrows(InvalidRequestException.class, () -> pages.unref(one));
      assertEquals(1, folios.allocated());
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
        PageList list = new PageList();
        freed.forEach(list::add);
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

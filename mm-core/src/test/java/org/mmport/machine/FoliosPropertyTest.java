package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.spi.InvalidRequestException;

/** Random operations, allowed and not, against {@link FolioModel}. */
class FoliosPropertyTest {
  private static final int STEPS = 18_000;
  private static final int MAX_ORDER = 4;
  private static final int FULL = 60;

  private static final List<NumaNode> NODES =
      List.of(TestMemory.node(0, 3, 700), TestMemory.node(1, 1027, 700));

  private enum Step {
    ALLOC,
    REF,
    UNREF,
    MAP,
    UNMAP,
    DUP,
    MAP_PAGES,
    UNMAP_PAGES,
    MAP_ENTIRE,
    UNMAP_ENTIRE,
    UNMAP_WHOLE,
    FLAG,
    PIN,
    UNPIN,
    QUEUE,
    UNQUEUE,
    POLL,
    SPLIT,
    DROP
  }

  private final Map<Step, Integer> done = new EnumMap<>(Step.class);
  private final Map<Step, Integer> refused = new EnumMap<>(Step.class);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void agreesWithTheModel(long seed) {
    try (PhysicalMemory memory = TestMemory.fromBase(1727)) {
      FrameAllocator frames = new FrameAllocator(memory, PAGE_SHIFT, NODES);
      Folios folios = new Folios(frames);
      FolioModel model = new FolioModel();
      Random random = new Random(seed);
      for (int at = 0; at < STEPS; at++) {
        Step step = Step.values()[random.nextInt(Step.values().length)];
        String where = "seed " + seed + " step " + at + " " + step;
        perform(step, folios, model, random, where);
        if (at % 3000 == 0) {
          compareAll(frames, folios, model, where);
        }
      }
      compareAll(frames, folios, model, "seed " + seed + " at the end");
      FrameInvariants.verify(frames);
      for (Step step : Step.values()) {
        assertTrue(done.getOrDefault(step, 0) > 50, () -> "rarely done: " + step + " in " + done);
      }
      for (Step step : List.of(Step.UNREF, Step.MAP, Step.UNMAP, Step.UNPIN, Step.SPLIT)) {
        assertTrue(refused.getOrDefault(step, 0) > 20, () -> "rarely refused: " + refused);
      }
      model.folios.values().forEach(folio -> drop(folios, folio));
      assertEquals(0, folios.allocated());
      assertEquals(1400, frames.freeFrames());
      FrameInvariants.verify(frames);
    }
  }

  private void perform(Step step, Folios folios, FolioModel model, Random random, String where) {
    int room = FULL - model.folios.size();
    if (step == Step.ALLOC || model.folios.isEmpty()) {
      if (room > 0) {
        int order = random.nextInt(MAX_ORDER + 1);
        int node = random.nextInt(2);
        long head = folios.alloc(order, node);
        assertEquals(0, head % (1L << order), where + ": aligned");
        compare(folios, model.alloc(head, order, node), model, where);
        count(done, Step.ALLOC);
      }
      return;
    }
    if (step == Step.POLL) {
      poll(folios, model, random.nextInt(2), where);
      return;
    }
    List<FolioModel.Folio> all = new ArrayList<>(model.folios.values());
    FolioModel.Folio folio = all.get(random.nextInt(all.size()));
    int page = random.nextInt(folio.pages());
    long pfn = folio.head + page;
    int n = 1 + random.nextInt(3);
    boolean large = folio.pages() > 1;
    int pinRefs = large ? n : n * 1024;
    switch (step) {
      case REF -> {
        folios.ref(pfn, n);
        folio.refs += n;
        count(done, step);
      }
      case UNREF ->
          attempt(
              step,
              folio.mayChange(-n, 0) && (folio.refs > n || folio.mayGo()),
              where,
              () -> assertEquals(model.unref(folio, n), folios.unref(pfn, n), where),
              () -> folios.unref(pfn, n));
      case MAP ->
          attempt(
              step,
              folio.mayChange(0, n),
              where,
              () -> {
                folio.maps.set(page, folio.maps.get(page) + n);
                assertEquals(folio.maps.get(page), folios.addMapCount(pfn, n), where);
              },
              () -> folios.addMapCount(pfn, n));
      case UNMAP ->
          attempt(
              step,
              folio.maps.get(page) >= n,
              where,
              () -> {
                folio.maps.set(page, folio.maps.get(page) - n);
                assertEquals(folio.maps.get(page), folios.addMapCount(pfn, -n), where);
              },
              () -> folios.addMapCount(pfn, -n));
      case DUP -> {
        folios.dup(pfn);
        folio.refs++;
        folio.maps.set(page, folio.maps.get(page) + 1);
        count(done, step);
      }
      case MAP_PAGES ->
          attempt(
              step,
              folio.has(page, n, 0) && folio.mayChange(0, n),
              where,
              () -> {
                folio.addMaps(page, n, 1);
                folios.mapPages(pfn, n);
              },
              () -> folios.mapPages(pfn, n));
      case UNMAP_PAGES ->
          attempt(
              step,
              folio.has(page, n, 1),
              where,
              () -> {
                folio.addMaps(page, n, -1);
                boolean unmapped = folio.maps.subList(page, page + n).contains(0);
                boolean inPart = large && unmapped && folio.isMappedInPart();
                assertEquals(inPart, folios.unmapPages(pfn, n), where);
              },
              () -> folios.unmapPages(pfn, n));
      case MAP_ENTIRE ->
          attempt(
              step,
              large && folio.mayChange(0, n),
              where,
              () -> {
                folio.entireMaps += n;
                assertEquals(folio.entireMaps, folios.addEntireMapCount(pfn, n), where);
              },
              () -> folios.addEntireMapCount(pfn, n));
      case UNMAP_ENTIRE ->
          attempt(
              step,
              large && folio.entireMaps >= n,
              where,
              () -> {
                folio.entireMaps -= n;
                assertEquals(folio.entireMaps, folios.addEntireMapCount(pfn, -n), where);
              },
              () -> folios.addEntireMapCount(pfn, -n));
      case UNMAP_WHOLE ->
          attempt(
              step,
              large && folio.entireMaps >= 1,
              where,
              () -> {
                folio.entireMaps--;
                assertEquals(folio.isMappedInPart(), folios.unmapWhole(pfn), where);
              },
              () -> folios.unmapWhole(pfn));
      case FLAG -> flag(folios, folio, page, random, where);
      case PIN -> {
        folios.pin(pfn, n);
        folio.refs += pinRefs;
        folio.pins += n;
        count(done, step);
      }
      case UNPIN -> {
        // Single frames do not count pins: the model knows when the caller is at fault, they do
        // not.
        if (large || folio.pins >= n) {
          attempt(
              step,
              folio.pins >= n
                  && folio.mayChange(-pinRefs, 0)
                  && (folio.refs > pinRefs || (folio.pins == n && unlocked(folio))),
              where,
              () -> {
                folio.pins -= n;
                assertEquals(model.unref(folio, pinRefs), folios.unpin(pfn, n), where);
              },
              () -> folios.unpin(pfn, n));
        }
      }
      case QUEUE ->
          attempt(
              step,
              large,
              where,
              () -> {
                boolean queued = model.queues.get(folio.node).contains(folio.head);
                assertEquals(!queued, folios.queueSplit(pfn), where);
                if (!queued) {
                  model.queues.get(folio.node).addLast(folio.head);
                }
              },
              () -> folios.queueSplit(pfn));
      case UNQUEUE -> {
        assertEquals(
            model.queues.get(folio.node).remove(folio.head), folios.unqueueSplit(pfn), where);
        count(done, step);
      }
      case SPLIT -> split(folios, model, folio, page, random, where);
      case DROP -> {
        drop(folios, folio);
        model.folios.remove(folio.head);
        model.queues.get(folio.node).remove(folio.head);
        count(done, step);
      }
      case ALLOC, POLL -> throw new AssertionError(step);
    }
    if (model.folios.containsKey(folio.head)) {
      compare(folios, model.folios.get(folio.head), model, where);
    }
  }

  private static boolean unlocked(FolioModel.Folio folio) {
    return !folio.flags.contains(PageFlag.LOCKED) && !folio.cached();
  }

  private void poll(Folios folios, FolioModel model, int node, String where) {
    Long oldest = model.queues.get(node).pollFirst();
    OptionalLong polled = folios.pollSplit(node);
    assertEquals(oldest == null ? OptionalLong.empty() : OptionalLong.of(oldest), polled, where);
    if (oldest != null) {
      Objects.requireNonNull(model.folios.get(oldest)).refs++;
      count(done, Step.POLL);
    }
  }

  private void split(
      Folios folios,
      FolioModel model,
      FolioModel.Folio folio,
      int page,
      Random random,
      String where) {
    long pfn = folio.head + page;
    int wanted = folio.allMaps() + 1 + (folio.cached() ? folio.pages() : 0);
    if (random.nextBoolean() && folio.pins == 0) {
      if (folio.entireMaps > 0) {
        folios.addEntireMapCount(pfn, -folio.entireMaps);
        folio.entireMaps = 0;
        wanted = folio.allMaps() + 1 + (folio.cached() ? folio.pages() : 0);
      }
      if (wanted > folio.refs) {
        folios.ref(pfn, wanted - folio.refs);
      } else if (wanted < folio.refs) {
        folios.unref(pfn, folio.refs - wanted);
      }
      folio.refs = wanted;
    }
    attempt(
        Step.SPLIT,
        model.maySplit(folio),
        where,
        () -> {
          folios.split(pfn);
          model.split(folio, page);
        },
        () -> folios.split(pfn));
  }

  private void flag(Folios folios, FolioModel.Folio folio, int page, Random random, String where) {
    PageFlag flag = PageFlag.values()[random.nextInt(PageFlag.values().length)];
    long pfn = folio.head + page;
    boolean before = folio.flags(flag, page).contains(flag);
    boolean set = random.nextBoolean();
    if (random.nextBoolean()) {
      assertEquals(
          before, set ? folios.testAndSet(pfn, flag) : folios.testAndClear(pfn, flag), where);
    } else if (set) {
      folios.set(pfn, flag);
    } else {
      folios.clear(pfn, flag);
    }
    if (set) {
      folio.flags(flag, page).add(flag);
    } else {
      folio.flags(flag, page).remove(flag);
    }
    count(done, Step.FLAG);
  }

  private void attempt(Step step, boolean allowed, String where, Runnable act, Runnable only) {
    if (allowed) {
      act.run();
      count(done, step);
    } else {
      assertThrows(InvalidRequestException.class, only::run, where);
      count(refused, step);
    }
  }

  private static void compareAll(
      FrameAllocator frames, Folios folios, FolioModel model, String where) {
    assertEquals(model.folios.size(), folios.allocated(), where + ": folios");
    int pages = model.folios.values().stream().mapToInt(FolioModel.Folio::pages).sum();
    assertEquals(pages, frames.allocatedFrames(), where + ": frames");
    model.folios.values().forEach(folio -> compare(folios, folio, model, where));
    long end = (TestMemory.BASE >> PAGE_SHIFT) + 1727;
    for (long pfn = (TestMemory.BASE >> PAGE_SHIFT) - 1; pfn <= end; pfn++) {
      var below = model.folios.floorEntry(pfn);
      boolean inUse = below != null && pfn < below.getKey() + below.getValue().pages();
      long frame = pfn;
      if (inUse) {
        assertEquals(below.getKey(), folios.headOf(pfn), where);
      } else {
        assertThrows(InvalidRequestException.class, () -> folios.headOf(frame), where);
        assertEquals(false, folios.tryRef(frame), where);
      }
    }
  }

  private static void compare(
      Folios folios, FolioModel.Folio folio, FolioModel model, String where) {
    for (int page = 0; page < folio.pages(); page++) {
      long pfn = folio.head + page;
      String what = where + ": page " + page + " of folio " + folio.head;
      assertEquals(folio.head, folios.headOf(pfn), what);
      assertEquals(folio.pages(), 1 << folios.order(pfn), what);
      assertEquals(folio.node, folios.node(pfn), what);
      assertEquals(folio.refs, folios.refCount(pfn), what);
      assertEquals(folio.maps.get(page), folios.mapCount(pfn), what);
      assertEquals(folio.entireMaps, folios.entireMapCount(pfn), what);
      assertEquals(folio.allMaps(), folios.totalMapCount(pfn), what);
      assertEquals(folio.allMaps() > 0, folios.isMapped(pfn), what);
      boolean pinned = folio.pages() == 1 ? folio.refs >= 1024 : folio.pins > 0;
      assertEquals(pinned, folios.maybePinned(pfn), what);
      assertEquals(
          model.queues.get(folio.node).contains(folio.head), folios.isSplitQueued(pfn), what);
      for (PageFlag flag : PageFlag.values()) {
        boolean has = folio.flags(flag, page).contains(flag);
        assertEquals(has, folios.is(pfn, flag), what);
      }
    }
  }

  /** Gives back all that holds a folio, in the order that keeps every rule. */
  private static void drop(Folios folios, FolioModel.Folio folio) {
    for (PageFlag flag : PageFlag.values()) {
      if (!flag.ofOnePage()) {
        folios.clear(folio.head, flag);
      }
    }
    for (int page = 0; page < folio.pages(); page++) {
      folios.addMapCount(folio.head + page, -folio.maps.get(page));
    }
    if (folio.entireMaps > 0) {
      folios.addEntireMapCount(folio.head, -folio.entireMaps);
    }
    int ofPins = folio.pages() > 1 ? folio.pins : folio.pins * 1024;
    if (folio.refs > ofPins) {
      assertEquals(ofPins == 0, folios.unref(folio.head, folio.refs - ofPins));
    } else if (folio.refs < ofPins) {
      // A step has dropped references that were those of pins, which nobody can tell.
      folios.ref(folio.head, ofPins - folio.refs);
    }
    if (folio.pins > 0) {
      assertTrue(folios.unpin(folio.head, folio.pins));
    }
  }

  private static void count(Map<Step, Integer> counts, Step step) {
    counts.merge(step, 1, Integer::sum);
  }
}

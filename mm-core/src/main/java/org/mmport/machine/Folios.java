package org.mmport.machine;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.mmport.spi.InvalidRequestException;

/**
 * Linux's struct page and struct folio, as far as memory management needs them. A folio is a block
 * of 2^order frames that lives and dies as one. Frames are named by page frame number; where a
 * method wants a folio, any of its frames will do.
 *
 * <p>A folio lives as long as it has references. Whoever maps it holds one for each mapping: first
 * the reference, then the mapcount, and back in the other order (R4.5). A change that would leave
 * fewer references than mapcounts is refused. Refused requests leave everything as it was.
 *
 * <p>Every method may be called by several threads. As in Linux, who names a frame holds a
 * reference to its folio, or knows otherwise that it stays.
 */
public final class Folios {
  /**
   * What one pin of a folio of a single frame adds to its references (include/linux/mm.h). Larger
   * folios count their pins apart.
   */
  public static final int GUP_PIN_COUNTING_BIAS = 1024;

  private final FrameAllocator allocator;
  private final FrameTable frames;
  private final FolioFields fields;
  private final FolioHeads heads;
  private final FolioCounts counts;
  private final List<DeferredSplitQueue> splitQueues;
  private final FolioSplit splitter;
  final LongAdder allocated = new LongAdder();

  /** Folios of those frames. Two of these over one allocator know the same folios. */
  public Folios(FrameAllocator frames) {
    this.allocator = frames;
    this.frames = frames.frames();
    this.fields = new FolioFields(this.frames, frames.memory().steps());
    this.heads = new FolioHeads(this.frames, fields);
    this.counts = new FolioCounts(this.frames, fields);
    this.splitQueues =
        frames.topology().nodes().stream()
            .map(
                node ->
                    new DeferredSplitQueue(
                        this.frames, fields, lock(frames, LockRank.SPLIT_QUEUE, node.id())))
            .toList();
    this.splitter = new FolioSplit(allocator, this.frames, fields, splitQueues);
  }

  private static ReentrantLock lock(FrameAllocator frames, LockRank rank, long number) {
    return SteppedLock.of(frames.memory().steps(), rank, number);
  }

  /**
   * A lock of the machine whose folios these are.
   *
   * @param number of the file, node or CPU that it is of
   */
  public ReentrantLock newLock(LockRank rank, long number) {
    return lock(allocator, rank, number);
  }

  /**
   * A folio from the node, or from the nearest other that has one: one reference, not mapped, no
   * flags. Its bytes are what they were before.
   *
   * @param order log2 of the number of frames, 0 to {@link FrameAllocator#MAX_ORDER}
   * @return the frame number of its head
   * @throws OutOfFramesException when no node has such a block
   */
  public long alloc(int order, int node) {
    return begin(allocator.alloc(order, node));
  }

  /**
   * The same from that node and no other.
   *
   * @throws OutOfFramesException when the node has no such block
   */
  public long allocOnNode(int order, int node) {
    return begin(allocator.allocOnNode(order, node));
  }

  private long begin(long physAddr) {
    long head = physAddr >> allocator.pageShift();
    fields.setCounts(head, FolioFields.counts(1, 0));
    allocated.increment();
    return head;
  }

  /** The first frame of the folio. Refused for frames that are in none. */
  public long headOf(long pfn) {
    return heads.inUse(pfn);
  }

  /** log2 of the folio's frames. */
  public int order(long pfn) {
    return frames.order(heads.inUse(pfn));
  }

  /**
   * Whether it has more than one frame: {@code folio_test_large()}. Asked for every page that is
   * copied, of one that is mapped, so nothing that others change is looked at.
   */
  public boolean isLarge(long pfn) {
    if (heads.isPage(pfn)) {
      return false;
    }
    long head = frames.contains(pfn) ? frames.headOf(pfn) : FrameTable.NONE;
    if (head == FrameTable.NONE) {
      throw FolioCounts.notInUse(pfn);
    }
    return heads.isLarge(head);
  }

  /** How many of the folio's frames there are from this one on, itself among them. */
  public int framesFrom(long pfn) {
    long head = heads.inUse(pfn);
    return (int) (head + (1L << frames.order(head)) - pfn);
  }

  /** Whether memory that ends with a folio's page, as all of it is mapped, is all of that folio. */
  public boolean isOneFolio(long physAddr, long sizeBytes) {
    return heads.inUse((physAddr + sizeBytes - 1) >>> pageShift()) <= physAddr >>> pageShift();
  }

  /** The NUMA node that the folio is of. */
  public int node(long pfn) {
    return frames.node(heads.inUse(pfn));
  }

  /** Where the frame's bytes are. */
  public long physAddr(long pfn) {
    return pfn << allocator.pageShift();
  }

  /** The bytes of the frame. */
  public MemorySegment bytes(long pfn) {
    return allocator.memory().slice(physAddr(pfn), 1L << allocator.pageShift());
  }

  /** log2 of the bytes of a frame. */
  public int pageShift() {
    return allocator.pageShift();
  }

  /** References to the folio, those of pins included; at least 1. */
  public int refCount(long pfn) {
    return FolioFields.refs(fields.counts(heads.inUse(pfn)));
  }

  /** More references to a folio that the caller knows to stay. */
  public void ref(long pfn, int count) {
    requirePositive(count);
    counts.add(heads.block(pfn), count, 0);
  }

  /**
   * A reference, if the frame is in a folio still in use: for those who found the frame where
   * nothing holds it. It may be another folio by now; look again after.
   */
  public boolean tryRef(long pfn) {
    long head = frames.contains(pfn) ? frames.headOf(pfn) : FrameTable.NONE;
    return head != FrameTable.NONE
        && frames.state(head) == FrameTable.ALLOCATED_HEAD
        && frames.use(head) == FrameTable.PLAIN
        && fields.refUnlessZero(head);
  }

  /**
   * Gives references back, and the folio with the last.
   *
   * @return whether it was freed
   * @throws InvalidRequestException when there are fewer, when fewer would be left than mapcounts,
   *     or when the last goes while the folio is pinned, locked or in a cache
   */
  public boolean unref(long pfn, int count) {
    requirePositive(count);
    long head = heads.block(pfn);
    boolean last = FolioFields.refs(counts.add(head, -count, 0)) == 0;
    if (last) {
      free(head);
    }
    return last;
  }

  /** PTEs that map this page. Linux's {@code _mapcount} is one less. */
  public int mapCount(long pfn) {
    long head = heads.inUse(pfn);
    return heads.isLarge(head)
        ? fields.counter(pfn, FrameTable.PAGE_MAPS)
        : FolioFields.maps(fields.counts(head));
  }

  /**
   * Counts PTEs that map this page, or no longer do (count below 0).
   *
   * @return the new {@link #mapCount}
   * @throws InvalidRequestException below 0, or above the references
   */
  public int addMapCount(long pfn, int count) {
    long head = heads.block(pfn);
    return heads.isLarge(head)
        ? counts.addPart(head, pfn, FrameTable.PAGE_MAPS, count, "PTE mapcounts of page")
        : FolioFields.maps(counts.add(head, 0, count));
  }

  /**
   * Counts one reference and one PTE more for a page that an entry maps, in one change, so that
   * nobody ever sees more of the latter (R4.5).
   *
   * @throws InvalidRequestException above 2^31 - 1 references
   */
  public void dup(long pfn) {
    if (heads.isPage(pfn)) {
      counts.add(pfn, 1, 1);
    } else {
      counts.add(heads.block(pfn), 1, 1);
      fields.raise(pfn, FrameTable.PAGE_MAPS, 1);
    }
  }

  /**
   * Counts one PTE more for each of so many pages of one folio: the one rmap call of a batch
   * ({@code folio_dup_anon_rmap_ptes()}). Pages count one by one, since parts may be unmapped alone
   * (R4.12); an entire mapcount is for leaves above a PTE only (R4.13, R4.23).
   *
   * @param pages 1 or more, up to the folio's end
   * @throws InvalidRequestException above the references, or behind the folio's end
   */
  public void mapPages(long pfn, int pages) {
    long head = heads.within(pfn, pages);
    counts.mapPages(head, pfn, pages);
  }

  /**
   * Counts one PTE less for each ({@code folio_remove_rmap_ptes()}).
   *
   * @return whether that left the folio mapped in part: one of these pages is mapped no more, by
   *     any leaf, and another page of it is
   * @throws InvalidRequestException where one is not mapped, or behind the folio's end
   */
  public boolean unmapPages(long pfn, int pages) {
    if (pages == 1 && heads.isPage(pfn)) {
      counts.add(pfn, 0, -1);
      return false;
    }
    long head = heads.within(pfn, pages);
    return counts.unmapPages(head, pfn, pages);
  }

  /** Leaves above a PTE that map the folio whole. */
  public int entireMapCount(long pfn) {
    return fields.counter(heads.inUse(pfn), FrameTable.ENTIRE_MAPS);
  }

  /**
   * Counts leaves that map the folio whole, or no longer do (count below 0).
   *
   * @return the new {@link #entireMapCount}
   * @throws InvalidRequestException below 0, above the references, or for a folio of one frame,
   *     which only PTEs map
   */
  public int addEntireMapCount(long pfn, int count) {
    long head = heads.inUse(pfn);
    if (!heads.isLarge(head)) {
      throw new InvalidRequestException(
          "entire mapcount of folio 0x%x: has one frame; count its PTEs".formatted(head));
    }
    return counts.addPart(head, head, FrameTable.ENTIRE_MAPS, count, "entire mapcounts of folio");
  }

  /**
   * Counts one leaf less that maps the folio whole ({@code folio_remove_rmap_pmd()}); returns
   * whether that left it mapped in part, by PTEs. Refused where no such leaf maps it.
   */
  public boolean unmapWhole(long pfn) {
    return counts.unmapWhole(heads.large(pfn, "entire mapcount of"));
  }

  /** Whether any page of the folio is mapped. */
  public boolean isMapped(long pfn) {
    return totalMapCount(pfn) != 0;
  }

  /** Mapcounts of all pages of the folio and its entire mapcount: {@code folio_mapcount}. */
  public int totalMapCount(long pfn) {
    return FolioFields.maps(fields.counts(heads.inUse(pfn)));
  }

  /**
   * What the page belongs to ({@code page->mapping}): a number that whoever owns it gave it; 0
   * where nobody did.
   */
  public long mapping(long pfn) {
    return fields.mapping(heads.inUse(pfn));
  }

  /** Which page of that it is ({@code page->index}). */
  public long index(long pfn) {
    long head = heads.inUse(pfn);
    return fields.index(head) + (pfn - head);
  }

  /**
   * Gives the folio to an owner.
   *
   * @param index which page of the owner's its first is
   */
  public void setMapping(long pfn, long mapping, long index) {
    fields.setMapping(heads.inUse(pfn), mapping, index);
  }

  /** Whether the page, or its folio, has the flag. */
  public boolean is(long pfn, PageFlag flag) {
    return (fields.flags(heads.flagged(pfn, flag)) & flag.bit()) != 0;
  }

  public void set(long pfn, PageFlag flag) {
    long flagged = heads.flagged(pfn, flag);
    if ((fields.flags(flagged) & flag.bit()) == 0) {
      fields.orFlags(flagged, flag.bit());
    }
  }

  public void clear(long pfn, PageFlag flag) {
    fields.clearFlags(heads.flagged(pfn, flag), flag.bit());
  }

  /**
   * Clears a flag of so many pages of one folio, each of which has it for itself, where it is set.
   *
   * @throws InvalidRequestException behind the folio's end
   */
  public void clearOfPages(long pfn, int pages, PageFlag flag) {
    heads.within(pfn, pages);
    for (long page = pfn; page < pfn + pages; page++) {
      if ((fields.flags(page) & flag.bit()) != 0) {
        fields.clearFlags(page, flag.bit());
      }
    }
  }

  /** Sets the flag. Returns whether it was set before. */
  public boolean testAndSet(long pfn, PageFlag flag) {
    return (fields.orFlags(heads.flagged(pfn, flag), flag.bit()) & flag.bit()) != 0;
  }

  /** Clears the flag. Returns whether it was set before. */
  public boolean testAndClear(long pfn, PageFlag flag) {
    return (fields.clearFlags(heads.flagged(pfn, flag), flag.bit()) & flag.bit()) != 0;
  }

  /** Pins the folio, each time with references of its own (mm/gup.c, try_grab_folio). */
  public void pin(long pfn, int pins) {
    requirePositive(pins);
    long head = heads.inUse(pfn);
    counts.add(head, counts.pinRefs(head, pins), 0);
    if (heads.isLarge(head)) {
      fields.raise(head, FrameTable.PINS, pins);
    }
  }

  /**
   * Gives pins back, and the folio if nothing else held it.
   *
   * @return whether it was freed
   * @throws InvalidRequestException when it has fewer, as far as the count of a single frame tells
   */
  public boolean unpin(long pfn, int pins) {
    requirePositive(pins);
    long head = heads.inUse(pfn);
    if (heads.isLarge(head) && fields.lower(head, FrameTable.PINS, pins) < 0) {
      throw new InvalidRequestException(
          "%d pins less of folio 0x%x: has %d"
              .formatted(pins, head, fields.counter(head, FrameTable.PINS)));
    }
    try {
      return unref(head, counts.pinRefs(head, pins));
    } catch (InvalidRequestException refused) {
      if (heads.isLarge(head)) {
        fields.raise(head, FrameTable.PINS, pins);
      }
      throw refused;
    }
  }

  /**
   * Whether it may be pinned: {@code folio_maybe_dma_pinned}. A single frame with 1024 references
   * of other kinds looks pinned; a pinned one never looks unpinned.
   */
  public boolean maybePinned(long pfn) {
    long head = heads.inUse(pfn);
    return heads.isLarge(head)
        ? fields.counter(head, FrameTable.PINS) > 0
        : FolioFields.refs(fields.counts(head)) >= GUP_PIN_COUNTING_BIAS;
  }

  /**
   * Puts a large folio, of which a part was unmapped, last on its node's deferred split queue
   * (R4.20). A folio that is freed or split leaves it.
   *
   * @return false when it is there already
   */
  public boolean queueSplit(long pfn) {
    long head = heads.large(pfn, "queue");
    return splitQueues.get(frames.node(head)).add(head);
  }

  /** Takes it off the deferred split queue. Returns false when it was not there. */
  public boolean unqueueSplit(long pfn) {
    long head = heads.inUse(pfn);
    return splitQueues.get(frames.node(head)).remove(head);
  }

  /** Whether it is on its node's deferred split queue. */
  public boolean isSplitQueued(long pfn) {
    return (fields.flags(heads.inUse(pfn)) & FolioFields.QUEUED) != 0;
  }

  /**
   * Takes the folio that has been longest on that node's deferred split queue, with a reference to
   * it that the caller gives back, or hands on to {@link #split}.
   */
  public OptionalLong pollSplit(int node) {
    if (node < 0 || node >= splitQueues.size()) {
      throw new InvalidRequestException(
          "NUMA node " + node + ": must be 0 to " + (splitQueues.size() - 1));
    }
    long head = splitQueues.get(node).poll();
    return head == FrameTable.NONE ? OptionalLong.empty() : OptionalLong.of(head);
  }

  /** How many NUMA nodes there are, each with a deferred split queue. */
  public int nodes() {
    return splitQueues.size();
  }

  /**
   * Makes a large folio into as many of one frame each, as {@code __split_folio_to_order} with its
   * callers does (mm/huge_memory.c). Beside those of mappings and of a cache, which has one for
   * each page, there must be one reference, the caller's, which stays with the page named; so does
   * the folio lock. Every page keeps its mapcount, a reference for each, and one for the cache;
   * flags are those of the folio, and the page's own. Pages left without references are freed.
   *
   * <p>No other thread may map or unmap any of its pages meanwhile; references that others try to
   * take are refused.
   *
   * @throws InvalidRequestException when it has one frame, is pinned, is mapped by a leaf above a
   *     PTE (split that first), or has other references
   */
  public void split(long pfn) {
    long head = heads.large(pfn, "split");
    allocated.add(splitter.split(head, pfn) - 1L);
  }

  /**
   * Whether {@link #split} would be refused for nothing but references that somebody may take
   * meanwhile, once no leaf above a PTE maps it: {@code can_split_folio} for the caller's one
   * reference.
   */
  public boolean isSplittable(long pfn) {
    long head = heads.inUse(pfn);
    return heads.isLarge(head) && splitter.isSplittable(head);
  }

  /** Folios in use that came from here. For leak checks, when no other thread is at work. */
  public long allocated() {
    return allocated.sum();
  }

  private void free(long head) {
    int order = frames.order(head);
    if ((fields.flags(head) & FolioFields.QUEUED) != 0) {
      splitQueues.get(frames.node(head)).remove(head);
    }
    // Records of tails are not cleared when the frames are handed out again.
    for (long page = head; page < head + (1L << order); page++) {
      if (fields.flags(page) != 0) {
        fields.setFlags(page, 0);
      }
    }
    allocator.free(physAddr(head), order);
    allocated.decrement();
  }

  private static void requirePositive(int count) {
    if (count <= 0) {
      throw new InvalidRequestException(count + " references or pins: must be 1 or more");
    }
  }
}

package org.mmport.cpu;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.LockRank;
import org.mmport.machine.SteppedLock;
import org.mmport.pgtable.HashSlot;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.pgtable.HashedTree;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.SegmentMap;

/**
 * The one hash table of all CPUs and the software behind it: it is filled at hash faults and
 * emptied by flushes, as Linux's {@code hash_page()} and {@code flush_hash_range()} do. One lock
 * for all, taken with a CPU's held, never the other way round.
 */
final class HashFaults {
  /** Linux's rule is 1/128; less makes more entries make way, as they do on large machines. */
  private static final int MEMORY_SHARE = 512;

  private static final long MIN_BYTES = 1L << 18;

  /** Where a range has more pages, the table is looked through instead. */
  private static final long FEW_PAGES = 512;

  /** For whoever looks something up and acts on it; free for nobody else meanwhile. */
  final ReentrantLock lock;

  private final SegmentMap segments;
  private final HashMmu mmu;
  private final HashedPageTable table;
  private final HashedTree tree;
  private final long groups;
  private final int pageShift;

  /** Where segments begin that anybody ever used. */
  private final TreeSet<Long> used = new TreeSet<>(Long::compareUnsigned);

  // For finding entries of memory that was freed: when each was made, when frames were freed.
  private final long[] madeAt;

  /** Which entries of the table were ever filled, and not found empty since. */
  private final BitSet filled = new BitSet();

  private final BitSet hashedFrames = new BitSet();
  private final Map<Long, Long> freedAt = new HashMap<>();
  private long clock;

  /**
   * An empty hash table, in frames of node 0.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no room for one
   */
  HashFaults(MmuVariant variant, FrameAllocator frames) {
    this.lock = SteppedLock.of(frames.memory().steps(), LockRank.HASH_TABLE, 0);
    this.segments = variant.segmentMap();
    this.mmu =
        segments
            .hashMmu()
            .orElseThrow(() -> new InvalidRequestException(variant + ": has no hash table"));
    this.pageShift = frames.pageShift();
    long largest = 1L << (FrameAllocator.MAX_ORDER + pageShift);
    long share = Long.highestOneBit(frames.memory().sizeBytes() / MEMORY_SHARE);
    long bytes = Math.clamp(share, MIN_BYTES, largest);
    int order = Math.max(0, Long.numberOfTrailingZeros(bytes) - pageShift);
    long physAddr = frames.alloc(order, 0);
    frames.memory().slice(physAddr, bytes).fill((byte) 0);
    this.groups = bytes / ((long) mmu.groupEntries() * HashMmu.ENTRY_BYTES);
    this.table = HashedPageTable.over(frames.memory(), new HashMmu.Table(mmu, physAddr, groups));
    this.tree = new HashedTree(frames.memory(), variant, table);
    this.madeAt = new long[(int) (groups * mmu.groupEntries())];
  }

  HashMmu mmu() {
    return mmu;
  }

  /** A stretch of one segment, as an address space has it. */
  record Part(long owner, HashSegment segment, long firstVa, long lastVa) {
    /** Bits of addresses that tell places in the segment. */
    long mask() {
      return (1L << segment.shift()) - 1;
    }
  }

  /** The segment of an address, which is from now on known to be used. */
  HashSegment use(long context, long va) {
    lock.lock();
    try {
      HashSegment segment = mmu.segment(context, va);
      used.add(segment.firstVa());
      return segment;
    } finally {
      lock.unlock();
    }
  }

  /** With the lock held. */
  Optional<HashSlot> find(HashSegment segment, long va) {
    return table.find(segment, va);
  }

  /** Whether memory was freed after an entry of it was made. With the lock held. */
  boolean isStale(HashSlot slot, long physAddr) {
    long freed = freedAt.getOrDefault(physAddr >>> pageShift, 0L);
    return freed > madeAt[(int) slot.index()];
  }

  /** As {@link HashedTree#fault}, with the lock held. */
  boolean fault(HashedTree.Leaf leaf, int right) {
    if (!tree.fault(leaf, right)) {
      return false;
    }
    HashSlot slot =
        table
            .find(leaf.segment(), leaf.va())
            .orElseThrow(() -> new IllegalStateException("a leaf just hashed is not found"));
    int shift = mmu.shift(slot.entry(), leaf.segment());
    long first = mmu.physAddr(slot.entry(), shift) >>> pageShift;
    int from = (int) Math.min(first, Integer.MAX_VALUE - 1);
    int to = (int) Math.min(first + (1L << (shift - pageShift)), Integer.MAX_VALUE);
    hashedFrames.set(from, to);
    madeAt[(int) slot.index()] = clock;
    filled.set((int) slot.index());
    return true;
  }

  /** Remembers that frames were freed, if they were ever hashed. */
  void markFreed(long physAddr, long sizeBytes) {
    lock.lock();
    try {
      long last = (physAddr + sizeBytes - 1) >>> pageShift;
      for (long pfn = physAddr >>> pageShift; pfn <= last; pfn++) {
        if (pfn < Integer.MAX_VALUE && hashedFrames.get((int) pfn)) {
          freedAt.put(pfn, ++clock);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** The parts of a range that may have anything hashed or cached. */
  List<Part> parts(long context, long firstVa, long lastVa) {
    lock.lock();
    try {
      List<Part> parts = new ArrayList<>();
      Long first = used.floor(firstVa);
      for (long start : used.tailSet(first == null ? firstVa : first)) {
        if (Long.compareUnsigned(start, lastVa) > 0) {
          break;
        }
        HashSegment segment = mmu.segment(context, start);
        long end = start | ((1L << segment.shift()) - 1);
        long from = Long.compareUnsigned(start, firstVa) < 0 ? firstVa : start;
        long to = Long.compareUnsigned(end, lastVa) < 0 ? end : lastVa;
        if (Long.compareUnsigned(from, to) <= 0) {
          parts.add(new Part(segments.segment(context, start), segment, from, to));
        }
      }
      return parts;
    } finally {
      lock.unlock();
    }
  }

  /** Those parts of all addresses that no other address space has, too. */
  List<Part> ownParts(long context) {
    return parts(context, 0, -1).stream()
        .filter(part -> part.owner() != segments.segment(context + 1, part.firstVa()))
        .toList();
  }

  /** Takes everything of these parts out of the hash table. */
  void remove(List<Part> parts) {
    lock.lock();
    try {
      List<Part> large = new ArrayList<>();
      for (Part part : parts) {
        int shift = part.segment().pageShift();
        if ((part.lastVa() - part.firstVa()) >>> shift < FEW_PAGES) {
          for (long page = part.firstVa() >>> shift; page <= part.lastVa() >>> shift; page++) {
            table.remove(part.segment(), page << shift);
          }
        } else {
          large.add(part);
        }
      }
      if (!large.isEmpty()) {
        List<Runnable> removals = new ArrayList<>();
        for (int at = filled.nextSetBit(0); at >= 0; at = filled.nextSetBit(at + 1)) {
          Optional<HashSlot> slot = table.at(at);
          if (slot.isPresent()) {
            findRemoval(slot.get(), large, removals);
          } else {
            filled.clear(at);
          }
        }
        removals.forEach(Runnable::run);
      }
    } finally {
      lock.unlock();
    }
  }

  private void findRemoval(HashSlot slot, List<Part> parts, List<Runnable> removals) {
    long group = slot.index() / mmu.groupEntries();
    for (Part part : parts) {
      mmu.va(slot.entry(), part.segment(), group, groups)
          .ifPresent(
              va -> {
                if (Long.compareUnsigned(part.firstVa(), va) <= 0
                    && Long.compareUnsigned(va, part.lastVa()) <= 0) {
                  removals.add(() -> table.remove(part.segment(), va));
                }
              });
    }
  }
}

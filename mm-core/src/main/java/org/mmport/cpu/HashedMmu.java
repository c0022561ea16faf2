package org.mmport.cpu;

import java.util.Arrays;
import java.util.Optional;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.HardwareEntries;
import org.mmport.pgtable.HashSlot;
import org.mmport.pgtable.HashedTree;
import org.mmport.spi.FlushScope;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;

/**
 * Segments, and behind them the hash table: hardware never looks at the tree. What is not hashed
 * makes software look, as a hash fault does. Translations belong to segments, so that a change of
 * address space leaves them: it changes the segments.
 *
 * <p>All segments have the variant's page as base page size. Leaves that need another, those of 16
 * GiB, are refused at the first access. Hardware leaves no marks here: software hashes leaves so
 * that it finds none to leave (ADR 0014).
 */
final class HashedMmu extends Mmu {
  /** The segments that a CPU keeps at hand; a power of two. */
  private static final int SEGMENTS = 64;

  private final HardwareEntries entries;
  private final HashFaults software;
  private final PteFormat format;
  private final int segmentShift;
  private final HashSegment[] segments = new HashSegment[SEGMENTS];
  private final long[] owners = new long[SEGMENTS];
  private long[] roots = {};

  HashedMmu(
      int cpu,
      MmuVariant variant,
      HardwareEntries entries,
      HashFaults software,
      FrameHints hints,
      Tlb tlb,
      Counters counts,
      LastingMap lastingMap) {
    super(cpu, variant, hints, tlb, counts, lastingMap);
    this.entries = entries;
    this.software = software;
    this.format = variant.format();
    this.segmentShift = variant.segmentMap().segmentShift();
    forgetSegments();
  }

  @Override
  void load(MmContext context) {
    requireRoots(context);
    reload(context);
  }

  @Override
  void reload(MmContext context) {
    contextId = context.id();
    roots = context.roots().stream().mapToLong(Long::longValue).toArray();
    forgetSegments();
  }

  /** Puts segments into the slots that are never looked for there. */
  private void forgetSegments() {
    Arrays.setAll(
        segments, slot -> new HashSegment((slot ^ 1L) << segmentShift, segmentShift, 0, 0, 0));
  }

  @Override
  long owner(long va) {
    int at = slot(va);
    return segments[at].contains(va) ? owners[at] : missing(va, at);
  }

  /** As a segment fault does it. */
  private long missing(long va, int at) {
    if (contextId < 0 || rootOf(va) < 0) {
      return NOBODY;
    }
    segments[at] = software.use(contextId, va);
    owners[at] = variant.segmentMap().segment(contextId, va);
    return owners[at];
  }

  /** The offset in the segment that {@link #owner} was asked for before. */
  @Override
  long place(long va) {
    return segments[slot(va)].offset(va);
  }

  private int slot(long va) {
    return (int) (va >>> segmentShift) & (SEGMENTS - 1);
  }

  @Override
  long walk(long va, Access access) {
    if (rootOf(va) < 0) {
      return fault(FaultKind.NON_CANONICAL, geometry.rootLevel(), 0);
    }
    long owner = owner(va);
    HashSegment segment = segments[slot(va)];
    counts.walks++;
    software.lock.lock();
    try {
      long found = lookUp(segment, owner, va, access);
      if (found >= 0) {
        return found;
      }
      counts.hashFaults++;
      if (!isHashed(segment, va, access)) {
        return FAULT;
      }
      found = lookUp(segment, owner, va, access);
      // The segment's keys may permit less than the leaf does.
      return found >= 0 ? found : fault(FaultKind.PERMISSION, Level.PTE, 0);
    } finally {
      software.lock.unlock();
    }
  }

  private long lookUp(HashSegment segment, long owner, long va, Access access) {
    Optional<HashSlot> slot = software.find(segment, va);
    if (slot.isEmpty()) {
      return FAULT;
    }
    int shift = software.mmu().shift(slot.get().entry(), segment);
    long first = software.mmu().physAddr(slot.get().entry(), shift);
    long physAddr = first | (va & ((1L << shift) - 1));
    int rights = software.mmu().rights(slot.get().entry(), segment);
    if (!isLasting(va) && software.isStale(slot.get(), physAddr)) {
      throw stale(va, physAddr, "an entry of the hash table");
    }
    if ((rights & access.right()) == 0) {
      return FAULT;
    }
    tlb.put(owner, segment.offset(va), shift, first, rights | lasting(va));
    return physAddr;
  }

  /** Looks in the tree, as software does, and has what is found there hashed. */
  private boolean isHashed(HashSegment segment, long va, Access access) {
    Level level = geometry.rootLevel();
    long table = roots[rootOf(va)];
    while (true) {
      long entryAddr = table + (long) geometry.index(level, va) * geometry.entryBytes();
      long raw = entries.load(entryAddr, level);
      counts.entriesRead++;
      if (!format.valid(raw, level)) {
        boolean there = entries.contains(entryAddr);
        fault(there ? FaultKind.NOT_PRESENT : FaultKind.OUTSIDE_MEMORY, level, raw);
        return false;
      }
      if (format.reserved(raw, level) != 0) {
        fault(FaultKind.RESERVED_BIT, level, raw);
        return false;
      }
      if (level == Level.PTE || (geometry.at(level).leafAllowed() && format.leaf(raw, level))) {
        int shift = geometry.shift(level);
        var leaf = new HashedTree.Leaf(segment, va, entryAddr, level, shift);
        boolean hashed = software.fault(leaf, access.right());
        if (!hashed) {
          long now = entries.load(entryAddr, level);
          boolean valid = format.valid(now, level);
          fault(valid ? FaultKind.PERMISSION : FaultKind.NOT_PRESENT, level, now);
        }
        return hashed;
      }
      table = format.tableAddr(raw, level);
      level = geometry.nextReal(level);
    }
  }

  /** Segments can be anybody's. */
  @Override
  boolean mayHold(MmContext context) {
    return true;
  }

  /** What the request names has left the hash table before. */
  @Override
  int flush(MmContext context, FlushRequest request) {
    int dropped = 0;
    if (request.duty().scope() != FlushScope.NONE) {
      for (HashFaults.Part part :
          software.parts(context.id(), request.firstVa(), request.lastVa())) {
        dropped +=
            tlb.drop(part.owner(), part.firstVa() & part.mask(), part.lastVa() & part.mask());
      }
    }
    return dropped;
  }

  @Override
  void retire(MmContext context) {
    for (HashFaults.Part part : software.ownParts(context.id())) {
      tlb.drop(part.owner(), part.firstVa() & part.mask(), part.lastVa() & part.mask());
    }
    if (runs(context)) {
      contextId = -1;
      forgetSegments();
    }
  }

  @Override
  void markFreed(long physAddr, long sizeBytes) {
    if (hints.mayPointInto(physAddr, sizeBytes)) {
      super.markFreed(physAddr, sizeBytes);
    }
  }
}

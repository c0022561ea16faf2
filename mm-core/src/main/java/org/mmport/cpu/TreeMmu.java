package org.mmport.cpu;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.HardwareEntries;
import org.mmport.spi.BatchOps;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;

/**
 * A hardware walker over trees, with its caches of table pointers and, where the architecture has
 * that, of root entries.
 *
 * <p>What is translated through root 0 belongs to the address space. So does what is translated
 * through another root, where single translations can be made global; where they cannot, it belongs
 * to that root and to all who have it: the kernel's on Power, process 0.
 */
final class TreeMmu extends Mmu {
  private final HardwareEntries entries;
  private final PteFormat format;
  private final BatchOps batchOps;
  private final boolean marksAccessed;
  private final boolean marksDirty;
  private final boolean tagged;
  private final boolean globalPages;
  private final boolean rootEntriesCached;

  /** Whether a fault leaves what led to it cached; PresentOnlyTlb describes those that do not. */
  private final boolean faultsKeepTables;

  // Of the levels that are not folded, root first.
  private final Level[] levels;
  private final int[] shifts;
  private final long[] indexMasks;
  private final boolean[] leafAllowed;
  private final int[] tableBytes;
  private final int entryShift;

  private final WalkCache walkCache;

  /** First address that root 1 translates. */
  private final long boundary;

  private final long[] roots;
  private final boolean[] rootFreed;
  private final long[][] rootEntries;
  private final boolean[][] rootEntryFreed;
  private long owner0 = NOBODY;
  private long owner1 = NOBODY;

  /** Whose translations may be here. */
  private final Set<Long> owners = new HashSet<>();

  TreeMmu(
      int cpu,
      MmuVariant variant,
      TlbShape shape,
      HardwareEntries entries,
      FrameHints hints,
      Tlb tlb,
      Counters counts,
      LastingMap lastingMap) {
    super(cpu, variant, hints, tlb, counts, lastingMap);
    this.entries = entries;
    this.format = variant.format();
    this.batchOps = variant.batchOps();
    this.marksAccessed = variant.has(MmuFeature.HW_ACCESSED);
    this.marksDirty = variant.has(MmuFeature.HW_DIRTY);
    this.tagged = variant.has(MmuFeature.ASID);
    this.globalPages = variant.has(MmuFeature.GLOBAL_PAGES);
    this.rootEntriesCached = variant.has(MmuFeature.ROOT_ENTRIES_CACHED);
    this.faultsKeepTables = variant.has(MmuFeature.BREAK_BEFORE_MAKE);
    List<Level> real =
        List.of(Level.values()).stream().filter(l -> !geometry.at(l).isFolded()).toList();
    int depths = real.size();
    this.levels = real.toArray(Level[]::new);
    this.shifts = new int[depths];
    this.indexMasks = new long[depths];
    this.leafAllowed = new boolean[depths];
    this.tableBytes = new int[depths];
    int[] cached = new int[depths];
    int[] nextTableBytes = new int[depths];
    for (int depth = 0; depth < depths; depth++) {
      Level level = levels[depth];
      shifts[depth] = geometry.shift(level);
      indexMasks[depth] = geometry.at(level).entries() - 1L;
      leafAllowed[depth] = geometry.at(level).leafAllowed();
      tableBytes[depth] = geometry.at(level).placement().sizeBytes();
      boolean pointers = level != Level.PTE && !(depth == 0 && rootEntriesCached);
      cached[depth] = pointers ? shifts[depth] : 0;
      if (depth > 0) {
        nextTableBytes[depth - 1] = tableBytes[depth];
      }
    }
    this.entryShift = Integer.numberOfTrailingZeros(geometry.entryBytes());
    this.walkCache = new WalkCache(shape, cached, nextTableBytes, hints);
    int rootCount = geometry.vaLayout().roots();
    if (rootCount > 2) {
      throw new IllegalStateException(variant.id() + ": CPUs know one root or two");
    }
    this.boundary =
        geometry.vaLayout().regions().stream()
            .filter(region -> region.root() == 1)
            .findFirst()
            .map(region -> region.firstVa())
            .orElse(-1L);
    this.roots = new long[rootCount];
    this.rootFreed = new boolean[rootCount];
    this.rootEntries = new long[rootCount][geometry.at(levels[0]).entries()];
    this.rootEntryFreed = new boolean[rootCount][geometry.at(levels[0]).entries()];
  }

  @Override
  void load(MmContext context) {
    requireRoots(context);
    if (!tagged) {
      tlb.dropNonGlobal();
      walkCache.clear();
      owners.clear();
    }
    reload(context);
  }

  @Override
  void reload(MmContext context) {
    contextId = context.id();
    owner0 = context.id();
    owner1 = kernelOwner(context);
    owners.add(owner0);
    owners.add(owner1);
    for (int root = 0; root < roots.length; root++) {
      roots[root] = context.roots().get(root);
      rootFreed[root] = false;
      for (int i = 0; rootEntriesCached && i < rootEntries[root].length; i++) {
        rootEntries[root][i] = load(roots[root] + ((long) i << entryShift), levels[0]);
        rootEntryFreed[root][i] = false;
      }
    }
  }

  /** To whom belongs what the last root translates: roots count down from -1. */
  private long kernelOwner(MmContext context) {
    return context.roots().size() == 1 || globalPages ? context.id() : ~context.roots().getLast();
  }

  @Override
  long owner(long va) {
    return Long.compareUnsigned(va, boundary) < 0 ? owner0 : owner1;
  }

  @Override
  long place(long va) {
    return va;
  }

  @Override
  long walk(long va, Access access) {
    int root = rootOf(va);
    if (root < 0) {
      return fault(FaultKind.NON_CANONICAL, levels[0], 0);
    }
    long owner = owner(va);
    for (int depth = levels.length - 2; depth >= 0; depth--) {
      int at = walkCache.find(depth, owner, va);
      if (at >= 0) {
        long table = walkCache.table(at);
        if (walkCache.isFreed(at)) {
          throw stale(va, table, "a pointer to the " + levels[depth + 1] + " table");
        }
        counts.walkCacheHits++;
        long found = descend(va, access, depth + 1, table, walkCache.rights(at));
        if (found >= 0 || faultsKeepTables) {
          return found;
        }
        walkCache.drop(owner, va, va);
        break;
      }
    }
    if (rootEntriesCached) {
      int index = (int) (va >>> shifts[0] & indexMasks[0]);
      if (rootEntryFreed[root][index]) {
        long table = format.tableAddr(rootEntries[root][index], levels[0]);
        throw stale(va, table, "the root entry");
      }
    } else if (rootFreed[root]) {
      throw stale(va, roots[root], "the root that it has loaded");
    }
    return descend(va, access, 0, roots[root], Rights.ALL);
  }

  private long descend(long va, Access access, int from, long fromTable, int fromRights) {
    counts.walks++;
    int depth = from;
    long table = fromTable;
    int left = fromRights;
    while (true) {
      Level level = levels[depth];
      long index = va >>> shifts[depth] & indexMasks[depth];
      long entryAddr = table + (index << entryShift);
      boolean kept = depth == 0 && rootEntriesCached;
      long raw = kept ? rootEntries[rootOf(va)][(int) index] : load(entryAddr, level);
      if (!format.valid(raw, level)) {
        boolean there = kept || entries.contains(entryAddr);
        return fault(there ? FaultKind.NOT_PRESENT : FaultKind.OUTSIDE_MEMORY, level, raw);
      }
      if (format.reserved(raw, level) != 0) {
        return fault(FaultKind.RESERVED_BIT, level, raw);
      }
      int leaves = left & format.rights(raw, level);
      if (level == Level.PTE || (leafAllowed[depth] && format.leaf(raw, level))) {
        int rights = format.effectiveRights(leaves);
        if (!marksAccessed && !format.young(raw, level)) {
          return fault(FaultKind.ACCESS_FLAG, level, raw);
        }
        if ((rights & access.right()) == 0) {
          return fault(FaultKind.PERMISSION, level, raw);
        }
        long marked = marksAccessed ? format.touched(raw, level) : raw;
        long written = marksDirty && access.writes() ? format.written(marked, level) : marked;
        if (isMarked(entryAddr, raw, marked, written)) {
          return cache(va, depth, written, rights);
        }
      } else if (kept || isTouched(entryAddr, raw, level)) {
        table = format.tableAddr(raw, level);
        left = leaves;
        walkCache.put(depth, owner(va), va, table, left);
        depth++;
      }
      // Where an entry changed before it could be marked it is looked at again.
    }
  }

  private boolean isTouched(long entryAddr, long raw, Level level) {
    long marked = marksAccessed ? format.touched(raw, level) : raw;
    return isMarked(entryAddr, raw, marked, marked);
  }

  /** Leaves marks in an entry, if it is still the one that was looked at. */
  private boolean isMarked(long entryAddr, long raw, long touched, long written) {
    if (written == raw) {
      return true;
    }
    if (!entries.compareAndSet(entryAddr, raw, written)) {
      return false;
    }
    counts.accessedMarks += touched != raw ? 1 : 0;
    counts.dirtyMarks += written != touched ? 1 : 0;
    return true;
  }

  private long cache(long va, int depth, long raw, int rights) {
    Level level = levels[depth];
    int shift = shifts[depth];
    long physAddr = format.physAddr(raw, level);
    int runShift = shift + Integer.numberOfTrailingZeros(batchOps.runEntries(level));
    if (runShift > shift && batchOps.inRun(raw, level, format)) {
      long runAddr = physAddr - (va & (1L << runShift) - (1L << shift));
      if ((runAddr & ((1L << runShift) - 1)) == 0) {
        physAddr = runAddr;
        shift = runShift;
      }
    }
    // A clean leaf is looked at again before it is written through, to be marked.
    boolean clean = marksDirty && format.written(raw, level) != raw;
    long owner = globalPages && format.global(raw, level) ? Tlb.GLOBAL : owner(va);
    int granted = clean ? rights & ~Rights.WRITE : rights;
    tlb.put(owner, va, shift, physAddr, granted | lasting(va));
    return physAddr | (va & ((1L << shift) - 1));
  }

  private long load(long entryAddr, Level level) {
    counts.entriesRead++;
    return entries.load(entryAddr, level);
  }

  @Override
  boolean mayHold(MmContext context) {
    return owners.contains(context.id()) || owners.contains(kernelOwner(context));
  }

  @Override
  int flush(MmContext context, FlushRequest request) {
    int dropped = 0;
    if (request.global()) {
      return flush(Tlb.ANYBODY, request);
    }
    dropped += flush(context.id(), request);
    long kernel = kernelOwner(context);
    return kernel == context.id() ? dropped : dropped + flush(kernel, request);
  }

  private int flush(long owner, FlushRequest request) {
    if (request.duty().scope() == FlushScope.WALK_CACHES) {
      walkCache.drop(owner, request.firstVa(), request.lastVa());
    }
    return request.duty().scope() == FlushScope.NONE
        ? 0
        : tlb.drop(owner, request.firstVa(), request.lastVa());
  }

  @Override
  void retire(MmContext context) {
    for (long owner : List.of(context.id(), kernelOwner(context))) {
      tlb.drop(owner, 0, -1);
      walkCache.drop(owner, 0, -1);
      owners.remove(owner);
    }
    if (runs(context)) {
      contextId = -1;
      owner0 = NOBODY;
      owner1 = NOBODY;
    } else if (contextId >= 0) {
      owners.add(owner1);
    }
  }

  @Override
  void markFreed(long physAddr, long sizeBytes) {
    if (hints.mayPointInto(physAddr, sizeBytes)) {
      super.markFreed(physAddr, sizeBytes);
      walkCache.markFreed(physAddr, sizeBytes);
    }
    for (int root = 0; contextId >= 0 && root < roots.length; root++) {
      rootFreed[root] |= overlap(roots[root], tableBytes[0], physAddr, sizeBytes);
      for (int i = 0; rootEntriesCached && i < rootEntries[root].length; i++) {
        long raw = rootEntries[root][i];
        rootEntryFreed[root][i] |=
            format.valid(raw, levels[0])
                && overlap(format.tableAddr(raw, levels[0]), tableBytes[1], physAddr, sizeBytes);
      }
    }
  }

  private static boolean overlap(long a, long aBytes, long b, long bBytes) {
    return a < b + bBytes && b < a + aBytes;
  }
}

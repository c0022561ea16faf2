package org.mmport.pgtable;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/**
 * The page tables of one address space: maps, unmaps and protects, and owns every table below its
 * roots. A request that breaks a rule, or for which there is no memory, changes nothing. One thread
 * may change it at a time; {@link #walker()} may be used by any number meanwhile, and {@link
 * #pteTableBeside} says what several may change.
 *
 * <p>Ranges are whole pages of the variant, given as first address and bytes. They must lie in one
 * region of the variant's address layout.
 */
public abstract class PageTable implements AutoCloseable {
  private final TableSpace space;
  private final PagingGeometry geometry;
  private final TableEditor editor;
  private final PteTables pteTables;
  private final TableSharing sharing;
  private final HugeEntries hugeEntries;
  private final TableWalker walker;
  private final TableCounts.Tally tally;
  private final KernelPart kernelPart;
  final long[] roots;
  private final long pageMask;
  final long pageBytes;
  final PteCursor cursor;
  final EntryMemory memory;
  private final long lastPhysAddr;
  private Protection lastProtection = Protection.PAGE_NONE;
  private long lastPgprot;

  PageTable(MmTables mm, long[] roots) {
    this.space = mm.space();
    this.geometry = space.variant().geometry();
    this.roots = roots;
    this.memory = space.entryMemory();
    this.cursor = new PteCursor(mm, roots);
    this.editor = new TableEditor(mm);
    this.sharing = new TableSharing(mm, cursor);
    this.pteTables = new PteTables(mm, sharing, roots[0]);
    this.hugeEntries = new HugeEntries(mm, cursor, sharing, pteTables, editor);
    this.kernelPart = new KernelPart(mm, cursor);
    this.walker = TableWalker.over(space, roots);
    this.tally = new TableCounts.Tally(space);
    tally.add(geometry.rootLevel(), roots.length);
    this.pageBytes = geometry.pageBytes();
    this.pageMask = pageBytes - 1;
    this.lastPhysAddr = space.shape().lastPhysAddr();
    this.lastPgprot = space.variant().format().pgprot(lastProtection);
  }

  /**
   * Empty tables: roots and nothing else.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the roots
   */
  public static PageTable create(TableSpace space, TableOwner owner) {
    return create(space, owner, FolioBounds.UNKNOWN);
  }

  /**
   * The same where it is known which memory belongs together: pages mapped one by one may then come
   * to be cached as one translation, as those of a range always may.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the roots
   */
  public static PageTable create(TableSpace space, TableOwner owner, FolioBounds folios) {
    return create(space, owner, folios, TableSharer.NONE);
  }

  /**
   * The same where tables may come to be shared with others.
   *
   * @param sharer accounts for what tables map
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the roots
   */
  public static PageTable create(
      TableSpace space, TableOwner owner, FolioBounds folios, TableSharer sharer) {
    PagingGeometry geometry = space.variant().geometry();
    int[] needed = new int[Level.values().length];
    needed[geometry.rootLevel().ordinal()] = geometry.vaLayout().roots();
    long[] roots = new long[needed[geometry.rootLevel().ordinal()]];
    try (TableReserve reserve = new TableReserve(space, needed)) {
      for (int i = 0; i < roots.length; i++) {
        roots[i] = reserve.take(geometry.rootLevel(), firstVaOf(geometry, i));
        space.empty(roots[i], geometry.rootLevel());
      }
    }
    return space.variantCode().newPageTable(new MmTables(space, owner, folios, sharer), roots);
  }

  private static long firstVaOf(PagingGeometry geometry, int root) {
    for (VaRegion region : geometry.vaLayout().regions()) {
      if (region.root() == root) {
        return region.firstVa();
      }
    }
    throw new IllegalStateException("no region is translated by root " + root);
  }

  public MmuVariant variant() {
    return space.variant();
  }

  /** Physical address of a root table. */
  public long root(int index) {
    return roots[index];
  }

  /** Reads these tables as hardware would. */
  public TableWalker walker() {
    return walker;
  }

  /** As {@link TableWalker#translate}. */
  public abstract long translate(long va);

  /** A gather for changes of these tables, whose flushes go to {@code flusher}. */
  public MmuGather gather(TlbFlusher flusher) {
    return new MmuGather(space, tally, flusher);
  }

  /**
   * A gather for tables that several address spaces use: each of them counts those that come and
   * go.
   *
   * @param flusher reaches all of them
   */
  public MmuGather gatherOfAll(List<PageTable> users, TlbFlusher flusher) {
    return new MmuGather(
        space, (level, count) -> users.forEach(user -> user.tally.add(level, count)), flusher);
  }

  /**
   * The tables that there are: none after {@link #close()}. Those that wait for a flush are not.
   */
  public TableCounts tableCounts() {
    return tally.counts();
  }

  /**
   * Maps a range to consecutive physical memory with leaves of the last level.
   *
   * @throws InvalidRequestException for an unaligned or non-canonical range, memory beyond the
   *     variant's physical addresses, or a range in which anything is mapped or swapped out
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the tables
   */
  public abstract void map(
      long va, long physAddr, long sizeBytes, Protection protection, MmuGather gather);

  /**
   * The same with the largest leaves that alignment and variant allow, of level {@code largest} at
   * most.
   *
   * @throws InvalidRequestException as above
   * @throws org.mmport.machine.OutOfFramesException as above
   */
  public void map(
      long va,
      long physAddr,
      long sizeBytes,
      Protection protection,
      Level largest,
      MmuGather gather) {
    if (((va | physAddr | sizeBytes) & pageMask) != 0) {
      throw unaligned("map", va, physAddr, sizeBytes);
    }
    if (physAddr < 0
        || sizeBytes <= 0
        || Long.compareUnsigned(physAddr + sizeBytes - 1, lastPhysAddr) > 0) {
      throw new InvalidRequestException(
          "map 0x%016x to physical 0x%x, 0x%x bytes: must be at least a page and end at 0x%x, which is all that %s can say"
              .formatted(va, physAddr, sizeBytes, lastPhysAddr, variant().id()));
    }
    VaRegion region = requireRange("map", va, sizeBytes);
    sharing.unshare(roots[region.root()], va, va + sizeBytes - 1, gather);
    editor.map(
        roots[region.root()],
        new MapRequest(va, va + sizeBytes - 1, physAddr, pgprot(protection), largest),
        gather);
  }

  /**
   * Empties a range. Nothing need be mapped in it. A leaf that is larger than its part of the range
   * is split, and the rest of it stays; tables that become empty are given back after the gather's
   * flush.
   *
   * @throws InvalidRequestException for an unaligned or non-canonical range
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for a split
   */
  public abstract void unmap(long va, long sizeBytes, MmuGather gather);

  final void unmapRange(long va, long sizeBytes, MmuGather gather) {
    cursor.reset();
    VaRegion region = requireRange("unmap", va, sizeBytes);
    sharing.unshare(roots[region.root()], va, va + sizeBytes - 1, gather);
    editor.unmap(roots[region.root()], va, va + sizeBytes - 1, gather);
  }

  /**
   * Gives what is mapped in a range other rights, and leaves all else of it as it was. Nothing need
   * be mapped.
   *
   * @throws InvalidRequestException for an unaligned or non-canonical range
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for a split
   */
  public abstract void protect(long va, long sizeBytes, Protection protection, MmuGather gather);

  final void protectRange(long va, long sizeBytes, Protection protection, MmuGather gather) {
    long pgprot = pgprot(protection);
    VaRegion region = requireRange("protect", va, sizeBytes);
    sharing.unshare(roots[region.root()], va, va + sizeBytes - 1, gather);
    editor.protect(roots[region.root()], va, va + sizeBytes - 1, pgprot, gather);
  }

  /** The entries that may map by one leaf what a table of the last level maps. */
  public final HugeEntries hugeEntries() {
    return hugeEntries;
  }

  /**
   * The table of the last level that serves an address; empty where there is none yet, or a larger
   * leaf.
   *
   * @param gather takes on what changes through it owe
   * @throws InvalidRequestException for an address that no root translates
   */
  public final Optional<PteTable> pteTable(long va, MmuGather gather) {
    return pteTables.find(rootOf(va), va, gather);
  }

  /**
   * The same, allocated with all above it where missing.
   *
   * @throws InvalidRequestException as above, and where a larger leaf is
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the tables; nothing
   *     changed then
   */
  public final PteTable pteTableAlloc(long va, MmuGather gather) {
    return pteTables.alloc(rootOf(va), va, gather);
  }

  /**
   * The same for any number of threads at a time, as long as nobody does anything else to these
   * tables and none {@linkplain #mayShare may be shared}.
   *
   * @return empty where a larger leaf maps the address
   * @throws InvalidRequestException for an address that no root translates
   * @throws org.mmport.machine.OutOfFramesException as above
   */
  public final Optional<PteTable> pteTableBeside(long va, MmuGather gather) {
    return pteTables.allocBeside(rootOf(va), va, gather);
  }

  /**
   * Tells of every table of the last level that serves any of a range, in ascending order. Larger
   * leaves are passed over.
   *
   * @throws InvalidRequestException for an unaligned or non-canonical range
   */
  public final void pteTables(long va, long sizeBytes, MmuGather gather, PteTableVisitor visitor) {
    long root = roots[requireRange("visit", va, sizeBytes).root()];
    pteTables.visit(root, va, va + sizeBytes - 1, gather, visitor);
  }

  /**
   * The same table for those who change nothing but what every sharer may see: nothing is copied
   * for it.
   *
   * @throws InvalidRequestException as {@link #pteTable}
   */
  public final Optional<PteView> pteView(long va, MmuGather gather) {
    return pteTables.view(rootOf(va), va, gather);
  }

  /**
   * As {@link #pteTables}, for those who change nothing but what every sharer may see.
   *
   * @throws InvalidRequestException for an unaligned or non-canonical range
   */
  public final void pteViews(long va, long sizeBytes, MmuGather gather, PteViewVisitor visitor) {
    long root = roots[requireRange("visit", va, sizeBytes).root()];
    pteTables.view(root, va, va + sizeBytes - 1, gather, visitor);
  }

  // Sharing.

  /** Whether any table may be shared with others. Once it is, this stays. */
  public final boolean mayShare() {
    return sharing.isOn();
  }

  /**
   * Has every table that serves any of a range serve nobody else, with all above it: shared ones
   * are copied, and the copies take their place. All that can go wrong with a change of the range
   * for want of memory goes wrong here.
   *
   * @throws InvalidRequestException for an unaligned or non-canonical range
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for a copy; tables
   *     copied until then are as good as the shared ones
   */
  public final void unshare(long va, long sizeBytes, MmuGather gather) {
    long root = roots[requireRange("unshare", va, sizeBytes).root()];
    sharing.unshare(root, va, va + sizeBytes - 1, gather);
  }

  /**
   * The same but for tables that serve nothing outside of a second range, which are about to be
   * {@linkplain #dropShared dropped}.
   *
   * @throws InvalidRequestException as above
   * @throws org.mmport.machine.OutOfFramesException as above
   */
  public final void unshareEdges(
      long va, long sizeBytes, long dropVa, long dropBytes, MmuGather gather) {
    long root = roots[requireRange("unshare", va, sizeBytes).root()];
    sharing.unshare(root, va, va + sizeBytes - 1, Span.of(dropVa, dropBytes), gather);
  }

  /**
   * Unhooks the shared tables that serve any of a range and nothing outside of a second one,
   * without a look at what is in them: others go on using them.
   *
   * @throws InvalidRequestException for an unaligned or non-canonical range
   */
  public final void dropShared(
      long va, long sizeBytes, long freeVa, long freeBytes, MmuGather gather) {
    long root = roots[requireRange("drop", va, sizeBytes).root()];
    sharing.drop(root, Span.of(va, sizeBytes), Span.of(freeVa, freeBytes), gather);
  }

  /**
   * Whether another address space gets to an address by the same table of the last level, or, where
   * there is none yet, by the same table as far down as there are any.
   */
  public final boolean sharesPteTable(PageTable other, long va) {
    return sharing.lowest(rootOf(va), va) == other.sharing.lowest(other.rootOf(va), va);
  }

  /**
   * The table of the last level by which several address spaces get to an address, for changes that
   * are right for all of them: nothing is copied. Where it is missing it is made, once for all.
   *
   * @param users all who do, this one among them
   * @param gather {@linkplain #gatherOfAll theirs}
   * @throws IllegalStateException where one of them has another table there, or somebody who is not
   *     among them uses this one
   * @throws org.mmport.machine.OutOfFramesException when it is missing and there is no memory for
   *     it; nothing changed then
   */
  public final PteTable pteTableOfAll(long va, List<PageTable> users, MmuGather gather) {
    return pteTables.ofAll(users.stream().map(user -> user.rootOf(va)).toList(), va, gather);
  }

  /** Whether there is a table of a level, below the root, that serves an address. */
  public final boolean hasTable(Level level, long va) {
    return sharing.find(rootOf(va), level, va) != TableSharing.ABSENT;
  }

  /**
   * Has another address space use the tables of a level, below the root, that serve any of a range,
   * and all that is below them. From then on neither writes through them.
   *
   * @param other where nothing is at those addresses yet
   * @return how many there are; 0, and nothing was changed, where the variant has leaves note what
   *     is true of one address space only
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the tables above;
   *     those that came before are shared
   * @throws org.mmport.spi.InvalidRequestException for a level whose tables no entry leads to
   */
  public final int shareTables(
      PageTable other,
      Level level,
      long va,
      long sizeBytes,
      MmuGather gather,
      MmuGather othersGather) {
    return sharing.share(
        rootOf(va),
        level,
        Span.of(va, sizeBytes),
        gather,
        new TableSharing.Other(other.sharing, other.pteTables, other.rootOf(va), othersGather));
  }

  private long rootOf(long va) {
    return roots[requireRange("page", va & -pageBytes, pageBytes).root()];
  }

  // The kernel's half.

  /**
   * Has the kernel's tables serve the kernel's addresses here too. From now on they are theirs:
   * this refuses to change them, does not count them, and does not free them. Where the kernel has
   * a root of its own it takes the place of an empty one, which is freed by the gather's flush:
   * CPUs are to load the new one then.
   *
   * @param kernel tables of the same machine
   * @throws InvalidRequestException when the variant does not say which addresses those are, or
   *     anything is mapped there
   */
  public final void adoptKernelHalf(PageTable kernel, MmuGather gather) {
    kernelPart.adopt(kernel.roots, gather);
  }

  /**
   * Makes what was copied of the kernel's tables equal to them again, for the addresses from first
   * to last.
   */
  public final void copyKernelEntries(PageTable kernel, long va, long lastVa, MmuGather gather) {
    kernelPart.copy(kernel.roots, va, lastVa, gather);
  }

  /**
   * Allocates the tables that root entries for the vmalloc area point at, to stay for good: for the
   * kernel's own tables.
   *
   * @throws InvalidRequestException when the variant does not say where that area is
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the tables; nothing
   *     changed then
   */
  public final void preallocateVmalloc(MmuGather gather) {
    kernelPart.preallocateVmalloc(gather);
  }

  /**
   * Gives every table back, the roots too. No CPU may be using them any more. What they map is not
   * touched, nor are the kernel's tables.
   */
  @Override
  public void close() {
    kernelPart.letGo();
    for (int i = 0; i < roots.length; i++) {
      if (!kernelPart.isKernelRoot(i)) {
        editor.freeAll(roots[i]);
      }
    }
    Arrays.fill(roots, -1);
    tally.clear();
    cursor.reset();
  }

  // Callers pass the same constant page after page; comparing contents would cost more than it
  // saves.
  @SuppressWarnings("ReferenceEquality")
  final long pgprot(Protection protection) {
    if (protection != lastProtection) {
      lastPgprot = space.variant().format().pgprot(protection);
      lastProtection = protection;
    }
    return lastPgprot;
  }

  private VaRegion requireRange(String operation, long va, long sizeBytes) {
    if (((va | sizeBytes) & pageMask) != 0 || sizeBytes <= 0) {
      throw unaligned(operation, va, 0, sizeBytes);
    }
    long lastVa = va + sizeBytes - 1;
    kernelPart.requireOwn(operation, va, lastVa);
    return geometry
        .vaLayout()
        .regionOf(va)
        .filter(region -> region.contains(lastVa) && Long.compareUnsigned(va, lastVa) < 0)
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    "%s 0x%016x..0x%016x: must lie in one region of %s: %s"
                        .formatted(operation, va, lastVa, variant().id(), regions())));
  }

  private String regions() {
    StringBuilder text = new StringBuilder();
    for (VaRegion region : geometry.vaLayout().regions()) {
      text.append(text.isEmpty() ? "" : ", ");
      text.append(
          "%s 0x%016x..0x%016x".formatted(region.name(), region.firstVa(), region.lastVa()));
    }
    return text.toString();
  }

  private InvalidRequestException unaligned(
      String operation, long va, long physAddr, long sizeBytes) {
    return new InvalidRequestException(
        "%s 0x%016x, physical 0x%x, 0x%x bytes: all must be multiples of the page, 0x%x, and not empty"
            .formatted(operation, va, physAddr, sizeBytes, pageBytes));
  }
}

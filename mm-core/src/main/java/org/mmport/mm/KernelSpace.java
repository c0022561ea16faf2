package org.mmport.mm;

import org.mmport.cpu.MmContext;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableCounts;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/**
 * The kernel's half of every address space ({@code init_mm}): all memory in order, and mappings of
 * single pages that are to be one piece. Nobody else changes its tables. What it owes to TLBs is
 * paid on all CPUs, whatever they run. Any thread may call everything.
 */
public final class KernelSpace {
  /** Kernel segments have numbers of their own, whatever the context. */
  private static final long CONTEXT = 0;

  private final MmSystem system;
  private final PagingGeometry geometry;
  private final PageTable pageTable;
  private final MmContext context;
  private final KernelHalf half;
  private final KernelUpkeep upkeep;
  private final LinearMap linear;
  private final VmallocAreas areas;

  private KernelSpace(
      MmSystem system,
      KernelHalf half,
      KernelUpkeep upkeep,
      PageTable pageTable,
      LinearMap linear) {
    this.system = system;
    this.geometry = system.variant().geometry();
    this.half = half;
    this.upkeep = upkeep;
    this.pageTable = pageTable;
    this.context = MmContext.of(CONTEXT, pageTable);
    this.linear = linear;
    this.areas = new VmallocAreas(half.areas().vmalloc(), geometry.pageBytes());
  }

  /** With the system's lock held. */
  static KernelSpace create(MmSystem system, KernelUpkeep upkeep) {
    KernelHalf half =
        system
            .variant()
            .geometry()
            .vaLayout()
            .kernelHalf()
            .orElseThrow(
                () ->
                    new InvalidRequestException(
                        system.variant()
                            + ": does not say which addresses are the kernel's; give its VA layout a kernel half"));
    LinearMap linear = LinearMap.of(system.memory(), system.variant().geometry(), half.areas());
    PageTable pageTable = PageTable.create(system.tables(), TableOwner.KERNEL);
    try {
      KernelSpace kernel = new KernelSpace(system, half, upkeep, pageTable, linear);
      kernel.mapAll();
      system.cpus().keepMapped(half.areas().linearMap());
      system.eachSpace(kernel::joinRunning);
      return kernel;
    } catch (RuntimeException | Error e) {
      pageTable.close();
      throw e;
    }
  }

  private void mapAll() {
    try (MmuGather gather = gather()) {
      for (PhysicalMemory.Extent part : linear.mapped()) {
        pageTable.map(
            linear.physToVirt(part.base()),
            part.base(),
            part.bytes().byteSize(),
            Protection.PAGE_KERNEL,
            largestLeaf(),
            gather);
      }
      if (isPreallocated()) {
        pageTable.preallocateVmalloc(gather);
      }
      gather.flush();
    }
  }

  private boolean isPreallocated() {
    return half instanceof KernelHalf.CopiedRootEntries copied
        && copied.upkeep() == KernelHalf.Upkeep.PREALLOCATED;
  }

  /** Leaves above PMD have a base page size of their own in segments, which these have not. */
  private Level largestLeaf() {
    return system.variant().has(MmuFeature.SEGMENTS) ? Level.PMD : Level.PGD;
  }

  // Address spaces.

  private void joinRunning(AddressSpace space) {
    space.join(pageTable, request -> system.cpus().flusher(space.context()).flush(request));
  }

  /** For one that no CPU has loaded yet. */
  void joinNew(AddressSpace space) {
    space.join(pageTable, request -> {});
  }

  /** Gives back the tables of one that no CPU has loaded any more. */
  void end(PageTable process) {
    upkeep.end(pageTable, process);
  }

  /** Root entries that changed are copied before CPUs are flushed, or they would load old ones. */
  private MmuGather gather() {
    return pageTable.gather(
        request -> {
          propagate(request.firstVa(), request.lastVa());
          upkeep.flusher(system.cpus(), context).flush(request);
        });
  }

  private void propagate(long va, long lastVa) {
    if (half instanceof KernelHalf.CopiedRootEntries && !isPreallocated()) {
      system.eachSpace(space -> propagate(space, va, lastVa));
    }
  }

  /** What is owed beyond a reload of its root is paid with the kernel's own flush. */
  private void propagate(AddressSpace space, long va, long lastVa) {
    try (MmuGather gather = space.pageTable().gather(request -> reload(space, request))) {
      upkeep.copy(pageTable, space.pageTable(), va, lastVa, gather);
      gather.flush();
    }
  }

  private void reload(AddressSpace space, FlushRequest request) {
    if (request.duty().reloadRoot()) {
      system.cpus().flusher(space.context()).flush(request);
    }
  }

  // The linear map.

  /**
   * Where memory is mapped for the kernel: Linux's {@code __va()}.
   *
   * @throws InvalidRequestException for an address that is no memory, or beyond what the linear map
   *     holds (highmem)
   */
  public long physToVirt(long physAddr) {
    return linear.requireVirt(physAddr);
  }

  /**
   * What memory an address of the linear map is: {@code __pa()}.
   *
   * @throws InvalidRequestException for an address at which the linear map has nothing
   */
  public long virtToPhys(long va) {
    return linear.requirePhys(va);
  }

  // Mappings of single pages.

  /**
   * Maps pages of any place to be one piece that the kernel may read and write, in every address
   * space, with a page behind that nothing is mapped at. What is in them is whatever was.
   *
   * @param sizeBytes at least 1; whole pages are mapped
   * @return the first address
   * @throws InvalidRequestException for a size that is not positive, or where there is no gap that
   *     large
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for pages or tables;
   *     nothing changed then
   */
  public long vmalloc(long sizeBytes) {
    return system.locked(
        () -> {
          long va = areas.requireGap(sizeBytes);
          requireMemory(sizeBytes);
          return system.withRoom(() -> allocate(va, sizeBytes));
        });
  }

  /** What can never be there is not begun, and nothing is reclaimed for it. */
  private void requireMemory(long sizeBytes) {
    long memoryBytes = system.memory().sizeBytes();
    if (sizeBytes > memoryBytes) {
      throw new OutOfFramesException(
          "vmalloc of 0x%x bytes: the machine has 0x%x; ask for less"
              .formatted(sizeBytes, memoryBytes));
    }
  }

  private long allocate(long va, long sizeBytes) {
    int pages = areas.pages(sizeBytes);
    long[] pfns = new long[pages];
    int done = 0;
    try (MmuGather gather = gather()) {
      try {
        while (done < pages) {
          pfns[done] = system.folios().alloc(0, 0);
          done++;
          mapPage(va, done - 1, pfns[done - 1], gather);
        }
      } catch (RuntimeException | Error e) {
        unmap(va, pfns, done, gather);
        throw e;
      }
      gather.flush();
    }
    propagate(va, va + pages * geometry.pageBytes() - 1);
    areas.add(va, pfns);
    return va;
  }

  private void mapPage(long va, int page, long pfn, MmuGather gather) {
    long at = va + page * geometry.pageBytes();
    long physAddr = system.folios().physAddr(pfn);
    pageTable.map(at, physAddr, geometry.pageBytes(), Protection.PAGE_KERNEL, gather);
  }

  /**
   * Unmaps what {@link #vmalloc} made, and gives its pages back when no CPU can reach them any
   * more.
   *
   * @throws InvalidRequestException for an address that is not the first of such a mapping
   */
  public void vfree(long va) {
    system.locked(
        () -> {
          long[] pfns = areas.require(va);
          try (MmuGather gather = gather()) {
            unmap(va, pfns, pfns.length, gather);
          }
          areas.remove(va);
          return va;
        });
  }

  /** Unhook, flush, free, in that order. */
  private void unmap(long va, long[] pfns, int pages, MmuGather gather) {
    if (pages > 0) {
      pageTable.unmap(va, pages * geometry.pageBytes(), gather);
    }
    gather.flush();
    for (int i = 0; i < pages; i++) {
      system.folios().unref(pfns[i], 1);
    }
  }

  // What is known of it.

  /** What CPUs load that run no process. */
  public MmContext context() {
    return context;
  }

  /** Which addresses are for what. */
  public KernelAreas areas() {
    return half.areas();
  }

  /** Its tables, which count for no process. */
  public TableCounts tableCounts() {
    return system.locked(pageTable::tableCounts);
  }

  /** Pages that {@link #vmalloc} mapped and that are not given back. */
  public long vmallocPages() {
    return system.locked(areas::pages);
  }

  /** Its page tables; to be changed by nobody else. */
  public PageTable pageTable() {
    return pageTable;
  }
}

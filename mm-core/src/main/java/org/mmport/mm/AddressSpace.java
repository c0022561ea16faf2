package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.mmport.cpu.Access;
import org.mmport.cpu.MmContext;
import org.mmport.machine.OutOfFramesException;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TlbFlusher;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.TableOwner;

/**
 * The memory of one process: its mappings, its page tables and what they count. Ranges are whole
 * pages, given as first address and bytes. An operation that breaks a rule, or for which there is
 * no memory, changes nothing. Any thread may call everything; after {@link #close()} everything is
 * refused.
 */
public final class AddressSpace implements AutoCloseable {
  private final MmSystem system;
  private final PageTable pageTable;
  private volatile MmContext context;
  private final VmaTree vmas;
  private final UserRanges ranges;
  private final long family;
  private final MmapLock mmapLock;
  private final PageFaults faults;
  private final FastFault fastFault;
  private final Heap heap;
  private final SharedRanges sharedRanges;
  private final Pins pins;
  private final RssCounts rss = new RssCounts();
  private final HugeLeaves hugeLeaves;
  private boolean closed;

  /**
   * A new one.
   *
   * @param family the number of the processes that may have private pages in common with it
   */
  AddressSpace(MmSystem system, long contextId, long family) {
    this.system = system;
    this.family = family;
    this.mmapLock = new MmapLock(this, contextId);
    this.pageTable =
        PageTable.create(
            system.tables(), TableOwner.USER, system.folios()::isOneFolio, new SharedPages(this));
    this.context = new MmContext(contextId, roots());
    this.vmas = new VmaTree(system.variant().geometry().pageShift(), system.rmap().listener(this));
    this.ranges = new UserRanges(system.variant(), vmas);
    AnonPages anon = new AnonPages(system);
    AnonFault anonFault = new AnonFault(this, anon);
    this.faults = new PageFaults(this, anon, anonFault);
    this.fastFault = new FastFault(this, faults, anon, anonFault);
    this.heap = new Heap(this);
    this.sharedRanges = new SharedRanges(this);
    this.pins = new Pins(this);
    this.hugeLeaves = new HugeLeaves(this);
  }

  /**
   * Has the kernel's half from now on.
   *
   * @param flusher reaches the CPUs that may have this address space loaded
   */
  void join(PageTable kernel, TlbFlusher flusher) {
    try (MmuGather gather = pageTable.gather(flusher)) {
      pageTable.adoptKernelHalf(kernel, gather);
      context = new MmContext(context.id(), roots());
      gather.flush();
    }
  }

  private List<Long> roots() {
    List<Long> roots = new ArrayList<>();
    for (int i = 0; i < system.variant().geometry().vaLayout().roots(); i++) {
      roots.add(pageTable.root(i));
    }
    return roots;
  }

  // Mappings.

  /**
   * Makes a mapping, of which no page is there yet, and returns its first address.
   *
   * @throws InvalidRequestException for an unaligned or empty size, an address that is taken or
   *     outside the user's, or where there is no gap that large
   */
  public long mmap(MmapRequest request) {
    return mmapLock.adding(() -> new Mmap(this).apply(request));
  }

  /**
   * Removes whatever is mapped in a range, and gives back pages and tables that nobody needs then.
   *
   * @throws InvalidRequestException for an unaligned range or one that is not the user's
   */
  public void munmap(long va, long sizeBytes) {
    mmapLock.changing(
        va,
        sizeBytes,
        () -> {
          ranges.requireRange("munmap", va, sizeBytes);
          new Unmap(this).range(va, sizeBytes);
          return va;
        });
  }

  /**
   * Gives part of a mapping another size or place, with what its pages hold, and returns its first
   * address. What is added is as if mapped just now.
   *
   * @throws InvalidRequestException for an unaligned or empty size, a range that is not within one
   *     mapping, a target that is not the user's or overlaps the range, or where there is no room
   * @throws OutOfFramesException when there is no memory for tables at its new place
   */
  public long mremap(MremapRequest request) {
    return locked(() -> new Mremap(this).apply(request));
  }

  /**
   * Gives all mappings of a range other rights.
   *
   * @throws InvalidRequestException for an unaligned range or one with a hole
   */
  public void mprotect(long va, long sizeBytes, VmaRights rights) {
    mmapLock.changing(
        va,
        sizeBytes,
        () -> {
          new Mprotect(this).range(va, sizeBytes, rights);
          return va;
        });
  }

  /**
   * Drops the pages of a range ({@code MADV_DONTNEED}): private ones read as they did at first.
   *
   * @throws InvalidRequestException for an unaligned range, one with a hole, or one in which
   *     anything is locked
   */
  public void dontNeed(long va, long sizeBytes) {
    mmapLock.changing(
        va,
        sizeBytes,
        () -> {
          new Madvise(this).dontNeed(va, sizeBytes);
          return va;
        });
  }

  /**
   * Has no more need of what the pages of a range hold ({@code MADV_FREE}). Each reads as it did,
   * or as zero once memory was short, and then as zero until it is written. One that is written
   * stays. Pages that others have too are left as they are.
   *
   * @throws InvalidRequestException for an unaligned range, one with a hole, or one in which
   *     anything is locked, shared, or a file's
   * @throws OutOfFramesException when there is no memory for a copy of a shared table
   */
  public void lazyFree(long va, long sizeBytes) {
    locked(
        () -> {
          new Madvise(this).lazyFree(va, sizeBytes);
          return va;
        });
  }

  /**
   * Has the pages of a range in memory, and keeps them there. Private memory that may be written is
   * copied now, as if it were written.
   *
   * @return why the first page that is not there cannot be: it is beyond its file's end, or its
   *     mapping permits nothing; all of the range is locked nevertheless. Empty where all are
   *     there.
   * @throws InvalidRequestException for an unaligned range or one with a hole
   * @throws OutOfFramesException when there is no memory for a page; nothing more is locked then
   */
  public Optional<FaultStatus> mlock(long va, long sizeBytes) {
    return locked(
        () -> {
          ranges.requireRange("mlock", va, sizeBytes);
          sharedRanges.own(va, sizeBytes);
          hugeLeaves.cut(va, sizeBytes);
          return new Mlock(this).lock(va, sizeBytes);
        });
  }

  /**
   * Lets the pages of a range leave memory again. Nothing need be locked.
   *
   * @throws InvalidRequestException for an unaligned range or one with a hole
   */
  public void munlock(long va, long sizeBytes) {
    locked(
        () -> {
          ranges.requireRange("munlock", va, sizeBytes);
          hugeLeaves.cut(va, sizeBytes);
          new Mlock(this).unlock(va, sizeBytes);
          return va;
        });
  }

  /**
   * Has a page in memory, this process's own, and pins it: whoever has the frame may use it until
   * it gives it back by {@link MmSystem#unpin}. A fork leaves it to this process.
   *
   * @return its frame number
   * @throws InvalidRequestException where no mapping may be written, or its file ends before
   * @throws OutOfFramesException when there is no memory for it
   */
  public long pin(long va) {
    return locked(
        () -> {
          ranges.requireRange("pin", va & -pageBytes(), pageBytes());
          return pins.pin(va & -pageBytes());
        });
  }

  /**
   * An address space with the same mappings and, as far as anybody can tell, the same contents.
   * Nothing of it is locked ({@code dup_mmap()}).
   *
   * @throws OutOfFramesException when there is no memory for its tables; this one is as before
   */
  public AddressSpace fork() {
    return fork(ForkStrategy.EAGER);
  }

  /**
   * The same in a way of one's choice.
   *
   * @throws OutOfFramesException as above
   */
  public AddressSpace fork(ForkStrategy strategy) {
    return locked(
        () -> {
          AddressSpace child = system.create(family);
          try {
            for (Vma vma : vmas.all()) {
              child.vmas.insert(vma.withLocked(false));
            }
            child.heap.copy(heap);
            Fork.run(this, child, strategy);
          } catch (RuntimeException | Error e) {
            child.close();
            throw e;
          }
          return child;
        });
  }

  /**
   * Moves the end of the heap, which grows by zeros or loses what is behind. Ends within a page
   * keep all of it.
   *
   * @throws InvalidRequestException for an end before the heap's beginning, where anything else is
   *     mapped up to a page behind, or to give back what was unmapped before
   */
  public void brk(long newEndVa) {
    locked(
        () -> {
          heap.moveEnd(newEndVa);
          return newEndVa;
        });
  }

  /** The first address behind the heap: {@code sbrk(0)}. */
  public long heapEnd() {
    return locked(heap::end);
  }

  /**
   * Has the heap begin there, as whoever loads a program does behind it ({@code set_brk()} in
   * fs/binfmt_elf.c). Else it begins two thirds up the user's addresses.
   *
   * @throws InvalidRequestException for an unaligned address, one that is not the user's, or where
   *     the heap is not empty
   */
  public void beginHeap(long va) {
    locked(
        () -> {
          heap.begin(va);
          return va;
        });
  }

  /**
   * Begins anew for another program: nothing is mapped, locked or counted any more, and the heap is
   * empty, where it is at first. Linux makes another {@code mm_struct} ({@code exec_mmap()} in
   * fs/exec.c), since threads may use the old one yet; here the roots and the number that
   * translations are tagged with stay, as all are flushed. So nothing is allocated, and it cannot
   * fail half way.
   */
  public void exec() {
    locked(
        () -> {
          new Teardown(this).ofMappings();
          heap.reset();
          return vmas.size();
        });
  }

  /**
   * The end of the process: every page, every table and every translation of it goes. Nothing can
   * be done with it any more.
   */
  @Override
  public void close() {
    system.lock.lock();
    try {
      if (!closed) {
        new Teardown(this).ofAll();
        closed = true;
      }
    } finally {
      system.lock.unlock();
    }
  }

  // Faults.

  /**
   * What an access that hardware refused comes to. Where {@link FaultStatus#isResolved}, it can be
   * tried again.
   */
  public FaultStatus fault(long va, Access access) {
    return fastFault.handle(va, access, OptionalInt.empty());
  }

  /** The same of a CPU, so that what {@linkplain NumaHints hints} tell is known. */
  FaultStatus fault(long va, Access access, int cpu) {
    return fastFault.handle(va, access, OptionalInt.of(cpu));
  }

  // What is known of it.

  /** What CPUs load to run it; another once the kernel's half was made. */
  public MmContext context() {
    return context;
  }

  /** Its mappings, ascending. */
  public List<Vma> vmas() {
    return locked(vmas::all);
  }

  public MmCounters counters() {
    return locked(() -> rss.with(vmas.lockedPages(), pageTable.tableCounts()));
  }

  public MmSystem system() {
    return system;
  }

  /** Its page tables; to be changed by nobody else. */
  public PageTable pageTable() {
    return pageTable;
  }

  // For the other classes of this package, with the lock held.

  VmaTree mappings() {
    return vmas;
  }

  /** The number of the processes that it may have private pages in common with. */
  long family() {
    return family;
  }

  /** Counts what a table came to map, or no longer maps. */
  void count(PteTable table, long anon, long file, long swap) {
    count(anon, file, swap);
    note(table, anon, file, swap);
  }

  /** Counts what this address space came to map, or no longer maps, by tables as they are. */
  void count(long anon, long file, long swap) {
    rss.add(anon, file, swap);
  }

  /** Notes what a table came to map, or no longer maps. */
  void note(PteTable table, long anon, long file, long swap) {
    table.setNote(new TableNote(table.note()).plus(anon, file, swap).bits());
  }

  UserRanges ranges() {
    return ranges;
  }

  Pins pins() {
    return pins;
  }

  HugeLeaves hugeLeaves() {
    return hugeLeaves;
  }

  SharedRanges sharedRanges() {
    return sharedRanges;
  }

  /** Counts and does what a fault would, whether the mapping permits it or not. */
  FaultStatus resolve(Vma vma, long va, Access access) {
    FaultStatus status = faults.resolve(vma, va, access);
    system.count(status);
    return status;
  }

  PageGather gather() {
    return new PageGather(pageTable.gather(flusher()), system::release);
  }

  /** Reaches the CPUs that may know anything of it. */
  TlbFlusher flusher() {
    return system.cpus().flusher(context);
  }

  long pageBytes() {
    return system.variant().geometry().pageBytes();
  }

  MmapLock mmapLock() {
    return mmapLock;
  }

  <T> T locked(Supplier<T> operation) {
    return mmapLock.alone(operation);
  }

  /** With the lock held, or shared. */
  void requireOpen() {
    if (closed) {
      throw new InvalidRequestException(
          "address space %d has ended: start another".formatted(context.id()));
    }
  }
}

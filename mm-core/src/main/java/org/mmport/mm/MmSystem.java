package org.mmport.mm;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.mmport.cpu.CpuSet;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.LockRank;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.machine.PercpuRwLock;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.SinglePages;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.SharingCounts;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.VaRegion;

/**
 * What all address spaces of one machine share: its memory, its CPUs, the page of zeros. One lock
 * guards all changes, which the most common faults share; CPUs walk tables without it, as hardware
 * does.
 */
public final class MmSystem {
  /**
   * Numbers up to here are the kernel's where it has contexts: Linux gives its segments fixed ones.
   */
  private static final long LAST_KERNEL_CONTEXT = 15;

  /** How many pages reclaim frees at once, and how often it is tried (include/linux/swap.h). */
  private static final int SWAP_CLUSTER_MAX = 32;

  private static final int MAX_RECLAIM_RETRIES = 16;

  final PercpuRwLock lock;
  final MlockCounts mlocked;
  private final MmuVariant variant;
  private final VaRegion userRegion;
  private final FrameAllocator frames;
  private final Folios folios;
  private final SinglePages singlePages;
  private final SinglePages ownPages;
  private final TableSpace tables;
  private final CpuSet cpus;
  private final long zeroPfn;
  private final List<AddressSpace> spaces = new ArrayList<>();
  private final FaultCounts faults = new FaultCounts();
  private final SwapEntries swapEntries;
  private final SwapCache swapCache;
  private final PageLru lru;
  private final Rmap rmap;
  private final FileRmap fileRmap;
  private final Files files;
  private final Reclaim reclaim;
  private final FolioOrders folioOrders;
  private final HugePageSettings hugePages;
  private final NumaBalancing numa;
  private Optional<KernelSpace> kernel = Optional.empty();
  private long lastContext = LAST_KERNEL_CONTEXT;
  private final AtomicLong lastOwner = new AtomicLong();

  /**
   * A machine with nothing running.
   *
   * @param frames its memory, in frames of the variant's pages
   * @param cpuCount how many CPUs it has, at least 1
   */
  public MmSystem(MmuVariant variant, FrameAllocator frames, int cpuCount) {
    this.variant = variant;
    this.userRegion = variant.geometry().vaLayout().userRegion();
    this.frames = frames;
    this.folios = new Folios(frames);
    this.singlePages = SinglePages.ofMachine(folios, frames);
    this.ownPages = SinglePages.ofOneProcess(folios, frames);
    this.lock = new PercpuRwLock(frames.memory().steps(), LockRank.SYSTEM);
    this.mlocked = new MlockCounts(folios);
    this.tables = new TableSpace(variant, frames, 0);
    this.cpus = new CpuSet(variant, frames, cpuCount);
    this.swapEntries = new SwapEntries(variant);
    this.swapCache = new SwapCache(folios, swapEntries);
    this.lru = new PageLru(frames);
    this.rmap = new Rmap(folios);
    this.fileRmap = new FileRmap(this, rmap);
    this.files = new Files(folios, swapCache, rmap);
    this.reclaim = new Reclaim(this, rmap, swapCache, fileRmap);
    this.folioOrders = new FolioOrders(variant);
    this.hugePages = new HugePageSettings(variant);
    this.numa = new NumaBalancing(this, cpuCount);
    this.zeroPfn = folios.alloc(0, 0);
    page(zeroPfn).fill((byte) 0);
  }

  /**
   * A new, empty address space.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for its roots
   */
  public AddressSpace create() {
    return locked(() -> withRoom(() -> create(lastOwner.incrementAndGet())));
  }

  /** One of a family. */
  AddressSpace create(long family) {
    AddressSpace space = new AddressSpace(this, ++lastContext, family);
    kernel.ifPresent(half -> half.joinNew(space));
    spaces.add(space);
    return space;
  }

  /**
   * The kernel's own half of every address space, made when it is first asked for: of those that
   * exist, and of all later ones. Contexts of address spaces that were taken before name roots that
   * may be gone.
   *
   * @throws InvalidRequestException when the variant does not say which addresses are the kernel's
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for its tables; nothing
   *     changed then
   */
  public KernelSpace kernel() {
    return kernel(KernelUpkeep.FULL);
  }

  /**
   * The same, kept up in another way if it is not there yet.
   *
   * @throws InvalidRequestException as above
   * @throws org.mmport.machine.OutOfFramesException as above
   */
  public KernelSpace kernel(KernelUpkeep upkeep) {
    return locked(
        () -> {
          if (kernel.isEmpty()) {
            kernel = Optional.of(withRoom(() -> KernelSpace.create(this, upkeep)));
          }
          return kernel.get();
        });
  }

  /** Gives back the tables of an address space that no CPU has loaded any more. */
  void end(PageTable tables) {
    kernel.ifPresentOrElse(half -> half.end(tables), tables::close);
  }

  /** Whether the kernel's half was ever asked for. */
  public boolean hasKernel() {
    return locked(kernel::isPresent);
  }

  /** As {@link Files#addNameless}. */
  FilePages createShared(long pages) {
    return files.addNameless(lastOwner.incrementAndGet(), pages);
  }

  /**
   * A file, whose pages stay in the cache until it is truncated or they are dropped.
   *
   * @param sizePages 0 or more
   */
  public FilePages createFile(Storage storage, long sizePages) {
    return locked(() -> files.add(lastOwner.incrementAndGet(), storage, sizePages));
  }

  Files files() {
    return files;
  }

  /**
   * Makes a file longer or shorter; what is cut off is unmapped wherever it is mapped.
   *
   * @throws org.mmport.machine.OutOfFramesException when a shared table shows other pages too, and
   *     there is no memory for a copy; nothing changed then
   */
  public void truncate(FilePages file, long sizePages) {
    locked(
        () ->
            withRoom(
                () -> {
                  fileRmap.truncate(file, sizePages);
                  return file;
                }));
  }

  /** Writes back what is dirty of a file ({@code fsync()}), and returns how many pages were. */
  public long writeBack(FilePages file) {
    return locked(
        () -> file.sizePages() == 0 ? 0 : file.writeBack(0, file.sizePages() - 1, fileRmap));
  }

  /**
   * Gives anonymous pages somewhere to go when memory is short ({@code swapon()}).
   *
   * @throws InvalidRequestException when there is a swap area already, or entries cannot name its
   *     last slot
   */
  public void swapOn(SwapArea area) {
    locked(
        () -> {
          swapCache.use(area);
          return area;
        });
  }

  /** Where anonymous pages go. */
  public Optional<SwapArea> swapArea() {
    return locked(swapCache::area);
  }

  /**
   * Which sizes of folios private memory is written to for the first time in, beside single pages:
   * several at once, the largest that fits first (R4.21; {@code
   * /sys/kernel/mm/transparent_hugepage/hugepages-*kB/enabled}). None at first. What is mapped
   * already stays as it is.
   *
   * @param orders each log2 of pages, from 2, as in Linux, to what is less than a table of the last
   *     level maps
   * @throws InvalidRequestException for an order that is not
   */
  public void useFolios(Collection<Integer> orders) {
    locked(
        () -> {
          folioOrders.useAnon(orders);
          return orders;
        });
  }

  /**
   * Which sizes of folios files, and shared memory without a name, are read in, beside single
   * pages: the largest that is aligned in the file, within it, and overlaps nothing that is there
   * ({@code mapping_set_folio_order_range()}, and {@code hugepages-*kB/shmem_enabled}). None at
   * first. What is in memory already stays as it is.
   *
   * @param orders each log2 of pages, from 1 to what a table of the last level maps
   * @throws InvalidRequestException for an order that is not
   */
  public void useFileFolios(Collection<Integer> orders) {
    locked(
        () -> {
          folioOrders.useFile(orders);
          return orders;
        });
  }

  /**
   * Which private memory is mapped by huge pages where it is written first, if there is a block for
   * one: by leaves that map what a table of the last level does. None at first. What is mapped
   * already stays as it is.
   *
   * @throws InvalidRequestException for another than {@link HugePagePolicy#NEVER} where there are
   *     none: see {@link #hugePageBytes}
   */
  public void useHugePages(HugePagePolicy policy) {
    locked(
        () -> {
          hugePages.use(policy);
          return policy;
        });
  }

  /**
   * Bytes of a huge page; empty where there are none: the variant has no such leaves, or none in
   * user memory because it has a hash table, or they are larger than any block of frames.
   */
  public OptionalLong hugePageBytes() {
    return hugePages.bytes();
  }

  HugePageSettings hugePages() {
    return hugePages;
  }

  /** Where its CPUs are, and what that came to. */
  public NumaBalancing numa() {
    return numa;
  }

  FolioOrders folioOrders() {
    return folioOrders;
  }

  /** The page that is in memory and in a slot of the swap area too. */
  public OptionalLong swapCached(int slot) {
    return locked(() -> swapCache.find(slot));
  }

  /**
   * Frees so many pages, if there are so many that nobody used since this was asked last, and tells
   * what that took.
   */
  public ReclaimCounts reclaim(long pages) {
    return locked(() -> reclaim.free(pages));
  }

  /** All that reclaim did, by itself where memory was short too. */
  public ReclaimCounts reclaimed() {
    return locked(reclaim::counts);
  }

  /** Does what changes nothing when there is no memory for it, as often as room can be made. */
  <T> T withRoom(Supplier<T> operation) {
    for (int i = 0; ; i++) {
      try {
        return operation.get();
      } catch (OutOfFramesException e) {
        if (!makeRoom(i)) {
          throw e;
        }
      }
    }
  }

  /** {@code __alloc_pages_direct_reclaim()}: false when there is no point in another try. */
  boolean makeRoom(int tries) {
    return tries < MAX_RECLAIM_RETRIES && reclaim.free(SWAP_CLUSTER_MAX).freed() > 0;
  }

  /** Gives up references of mappings to a page, and its slot with the last entry for it. */
  void release(long pfn, int references) {
    swapCache.unmapped(pfn);
    folios.unref(pfn, references);
  }

  /**
   * Gives back a page that was pinned, of which whoever had it may have written anything ({@code
   * unpin_user_pages_dirty_lock()}).
   */
  public void unpin(long pfn) {
    locked(
        () -> {
          folios.set(pfn, PageFlag.DIRTY);
          return folios.unpin(pfn, 1);
        });
  }

  FileRmap fileRmap() {
    return fileRmap;
  }

  Rmap rmap() {
    return rmap;
  }

  SwapCache swapCache() {
    return swapCache;
  }

  SwapEntries swapEntries() {
    return swapEntries;
  }

  PageLru lru() {
    return lru;
  }

  /** With the lock held. */
  void eachSpace(Consumer<AddressSpace> action) {
    spaces.forEach(action);
  }

  /** The first that came to be with a context of that number or a higher one. */
  Optional<AddressSpace> spaceFrom(long contextId) {
    return spaces.stream().filter(space -> space.context().id() >= contextId).findFirst();
  }

  /** Those that exist, in the order in which they came to be. */
  public List<AddressSpace> spaces() {
    return locked(() -> List.copyOf(spaces));
  }

  public MmuVariant variant() {
    return variant;
  }

  public CpuSet cpus() {
    return cpus;
  }

  public Folios folios() {
    return folios;
  }

  /** Tables in use, of all address spaces, roots included. */
  public long tablesInUse() {
    return locked(() -> tables.descriptors().tables());
  }

  /** What their entries take, shared ones once. */
  public long tableBytesInUse() {
    return locked(tables::tableBytes);
  }

  /** What became of page tables that several processes use. */
  public SharingCounts tableSharing() {
    return locked(tables::sharingCounts);
  }

  /**
   * How many entries, and roots, point at a table.
   *
   * @throws InvalidRequestException when no table starts at that physical address
   */
  public int tableUseCount(long tableAddr) {
    return locked(() -> tables.useCount(tableAddr));
  }

  /** How many faults came to what, since the beginning. */
  public Map<FaultStatus, Long> faults() {
    return locked(() -> Map.copyOf(faults.sums()));
  }

  /** Pages that some locked mapping maps: Mlocked in {@code /proc/meminfo}. */
  public long mlockedPages() {
    return locked(mlocked::pages);
  }

  <T> T locked(Supplier<T> operation) {
    lock.lock();
    try {
      return operation.get();
    } finally {
      lock.unlock();
    }
  }

  void count(FaultStatus status) {
    faults.add(status);
  }

  /** The frame that stands for every page that was read and never written. */
  public long zeroPfn() {
    return zeroPfn;
  }

  /** For whoever has the machine alone. */
  SinglePages singlePages() {
    if (!lock.isHeldAlone()) {
      throw new IllegalStateException("counts all pages beside others: take the lock alone first");
    }
    return singlePages;
  }

  /** The same, and none beside others. */
  Optional<SinglePages> singlePagesIfAlone() {
    return lock.isHeldAlone() ? Optional.of(singlePages) : Optional.empty();
  }

  /** For {@link MmapLock}, which knows who has a process alone. */
  SinglePages ownPages() {
    return ownPages;
  }

  TableSpace tables() {
    return tables;
  }

  /** The addresses that user mappings may have. */
  VaRegion userRegion() {
    return userRegion;
  }

  void forget(AddressSpace space) {
    spaces.remove(space);
  }

  PhysicalMemory memory() {
    return frames.memory();
  }

  /** The bytes of a frame. */
  MemorySegment page(long pfn) {
    return frames.memory().slice(folios.physAddr(pfn), variant.geometry().pageBytes());
  }

  /** The frame that a present leaf of the last level maps. */
  long pfn(long raw) {
    PteFormat format = variant.format();
    return format.physAddr(raw, Level.PTE) >>> variant.geometry().pageShift();
  }
}

package org.mmport.mm;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.mmport.cpu.CpuSet;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.LockRank;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.VaRegion;

/**
 * What all address spaces of one machine share: its memory, its CPUs, the page of zeros. One lock
 * guards all changes for now; CPUs walk tables without it, as hardware does.
 */
public final class MmSystem {
  /**
   * Numbers up to here are the kernel's where it has contexts: Linux gives its segments fixed ones.
   */
  private static final long LAST_KERNEL_CONTEXT = 15;

  final ReentrantLock lock;
  private final MmuVariant variant;
  private final FrameAllocator frames;
  private final Folios folios;
  private final TableSpace tables;
  private final CpuSet cpus;
  private final long zeroPfn;
  private final List<AddressSpace> spaces = new ArrayList<>();
  private final Map<FaultStatus, Long> faults = new EnumMap<>(FaultStatus.class);
  private final Set<FilePages> nameless = new HashSet<>();
  private final FileRmap rmap;
  private long lastContext = LAST_KERNEL_CONTEXT;
  private long lastFile;

  /**
   * A machine with nothing running.
   *
   * @param frames its memory, in frames of the variant's pages
   * @param cpuCount how many CPUs it has, at least 1
   */
  public MmSystem(MmuVariant variant, FrameAllocator frames, int cpuCount) {
    this.variant = variant;
    this.frames = frames;
    this.folios = new Folios(frames);
    this.lock = folios.newLock(LockRank.SYSTEM, 0);
    this.tables = new TableSpace(variant, frames, 0);
    this.cpus = new CpuSet(variant, frames, cpuCount);
    this.rmap = new FileRmap(this);
    this.zeroPfn = folios.alloc(0, 0);
    page(zeroPfn).fill((byte) 0);
  }

  /**
   * A new, empty address space.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for its roots
   */
  public AddressSpace create() {
    return locked(
        () -> {
          AddressSpace space = new AddressSpace(this, ++lastContext);
          spaces.add(space);
          return space;
        });
  }

  /**
   * Memory that is shared and has no name, as {@code shmem_zero_setup()} makes it: given back when
   * nobody maps it any more.
   */
  FilePages createShared(long pages) {
    FilePages file = new FilePages(++lastFile, folios, Storage.none(), pages);
    nameless.add(file);
    return file;
  }

  /**
   * A file, whose pages stay in the cache until it is truncated or they are dropped.
   *
   * @param sizePages 0 or more
   */
  public FilePages createFile(Storage storage, long sizePages) {
    return locked(() -> new FilePages(++lastFile, folios, storage, sizePages));
  }

  /** Makes a file longer or shorter; what is cut off is unmapped wherever it is mapped. */
  public void truncate(FilePages file, long sizePages) {
    lock.lock();
    try {
      file.truncate(sizePages, rmap);
    } finally {
      lock.unlock();
    }
  }

  /** Writes back what is dirty of a file ({@code fsync()}), and returns how many pages were. */
  public long writeBack(FilePages file) {
    return locked(() -> file.sizePages() == 0 ? 0 : file.writeBack(0, file.sizePages() - 1, rmap));
  }

  /** What was mapped there before may have been the last of it. */
  void unmapped(List<Vma> removed) {
    for (Vma vma : removed) {
      if (vma.backing() instanceof Backing.OfFile of
          && nameless.contains(of.file())
          && !rmap.isMapped(of.file())) {
        nameless.remove(of.file());
        of.file().truncate(0, FileMappings.NONE);
      }
    }
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

  /** How many faults came to what, since the beginning. */
  public Map<FaultStatus, Long> faults() {
    return locked(() -> Map.copyOf(faults));
  }

  private <T> T locked(Supplier<T> operation) {
    lock.lock();
    try {
      return operation.get();
    } finally {
      lock.unlock();
    }
  }

  void count(FaultStatus status) {
    faults.merge(status, 1L, Long::sum);
  }

  /** The frame that stands for every page that was read and never written. */
  public long zeroPfn() {
    return zeroPfn;
  }

  TableSpace tables() {
    return tables;
  }

  /** The addresses that user mappings may have: those below the first hole. */
  VaRegion userRegion() {
    return variant.geometry().vaLayout().regions().getFirst();
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

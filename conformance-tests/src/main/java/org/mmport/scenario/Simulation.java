package org.mmport.scenario;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.mmport.machine.OutOfFramesException;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.FilePages;
import org.mmport.mm.HugePages;
import org.mmport.mm.Khugepaged;
import org.mmport.mm.MemoryStorage;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.MremapRequest;
import org.mmport.mm.NumaHints;
import org.mmport.mm.SegmentationFaultException;
import org.mmport.mm.SwapArea;
import org.mmport.mm.SwapOff;
import org.mmport.mm.UserCpu;
import org.mmport.scenario.StepResult.BeyondFile;
import org.mmport.scenario.StepResult.Done;
import org.mmport.scenario.StepResult.NotMapped;
import org.mmport.scenario.StepResult.NotPermitted;
import org.mmport.scenario.StepResult.OutOfMemory;
import org.mmport.scenario.StepResult.Refused;
import org.mmport.scenario.StepResult.Value;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;

/** Runs steps on a machine of some variant: real page tables, simulated CPUs. */
public final class Simulation {
  private final MmSystem system;
  private final long origin;
  private final long pageBytes;
  private final Map<String, AddressSpace> processes = new LinkedHashMap<>();
  private final Map<String, FilePages> files = new LinkedHashMap<>();
  private final Map<String, Long> pins = new TreeMap<>();
  private Optional<Khugepaged> khugepaged = Optional.empty();

  /**
   * Steps on a machine.
   *
   * @param originVa where page 0 of the steps is
   */
  public Simulation(MmSystem system, long originVa) {
    this.system = system;
    this.origin = originVa;
    this.pageBytes = system.variant().geometry().pageBytes();
  }

  /**
   * An address so many pages before one at which tables of every level end, as far as the user's
   * addresses have such a place.
   */
  public static long beforeBoundary(PagingGeometry geometry, long pages) {
    Level level = geometry.rootLevel();
    long spanBytes = level == Level.PTE ? geometry.pageBytes() * 64 : geometry.spanBytes(level);
    return geometry.vaLayout().regions().getFirst().firstVa()
        + spanBytes
        - pages * geometry.pageBytes();
  }

  /** Does a step and tells what came of it. */
  public StepResult run(Step step) {
    try {
      return switch (step) {
        case Step.Start start -> begin(start.process(), this::create);
        case Step.Fork fork -> begin(fork.child(), () -> of(fork).fork(fork.strategy()));
        case Step.Exit exit -> exit(exit);
        case Step.Mmap mmap -> mmap(mmap);
        case Step.Munmap munmap -> {
          of(munmap).munmap(va(munmap.page()), munmap.pages() * pageBytes);
          yield new Done();
        }
        case Step.Mprotect mprotect -> {
          of(mprotect)
              .mprotect(va(mprotect.page()), mprotect.pages() * pageBytes, mprotect.rights());
          yield new Done();
        }
        case Step.DontNeed dontNeed -> {
          of(dontNeed).dontNeed(va(dontNeed.page()), dontNeed.pages() * pageBytes);
          yield new Done();
        }
        case Step.LazyFree lazyFree -> {
          of(lazyFree).lazyFree(va(lazyFree.page()), lazyFree.pages() * pageBytes);
          yield new Done();
        }
        case Step.Mlock mlock ->
            of(mlock)
                .mlock(va(mlock.page()), mlock.pages() * pageBytes)
                .map(Simulation::result)
                .orElse(new Done());
        case Step.Munlock munlock -> {
          of(munlock).munlock(va(munlock.page()), munlock.pages() * pageBytes);
          yield new Done();
        }
        case Step.Brk brk -> {
          of(brk).brk(va(brk.page()));
          yield new Done();
        }
        case Step.Exec exec -> {
          of(exec).exec();
          of(exec).beginHeap(va(Step.HEAP_PAGE));
          yield new Done();
        }
        case Step.Mremap mremap -> mremap(mremap);
        case Step.Load load -> new Value(cpu(load, load.cpu()).load(va(load.page())));
        case Step.Store store -> {
          cpu(store, store.cpu()).store(va(store.page()), store.value());
          yield new Done();
        }
        case Step.MmapFile mmap -> mmapFile(mmap);
        case Step.CreateFile create -> create(create);
        case Step.Truncate truncate -> {
          system.truncate(file(truncate.file()), truncate.pages());
          yield new Done();
        }
        case Step.Sync sync -> {
          system.writeBack(file(sync.file()));
          yield new Done();
        }
        case Step.Reclaim reclaim -> {
          system.reclaim(reclaim.pages());
          yield new Done();
        }
        case Step.SwapOff swapOff -> {
          new SwapOff(system).run();
          yield new Done();
        }
        case Step.SwapOn swapOn -> {
          int pageShift = system.variant().geometry().pageShift();
          system.swapOn(new SwapArea(pageShift, (int) swapOn.pages()));
          yield new Done();
        }
        case Step.LargeFolios folios -> {
          system.useFolios(folios.orders());
          yield new Done();
        }
        case Step.FileFolios folios -> {
          system.useFileFolios(folios.orders());
          yield new Done();
        }
        case Step.HugePolicy huge -> {
          system.useHugePages(huge.policy());
          yield new Done();
        }
        case Step.Advise advise -> {
          new HugePages(of(advise))
              .advise(va(advise.page()), advise.pages() * pageBytes, advise.advice());
          yield new Done();
        }
        case Step.Collapse collapse -> {
          new HugePages(of(collapse)).collapse(va(collapse.page()));
          yield new Done();
        }
        case Step.NumaHint hint -> numaHint(hint);
        case Step.Khugepaged scan -> {
          if (khugepaged.isEmpty()) {
            khugepaged = Optional.of(Khugepaged.of(system));
          }
          khugepaged.get().scan(scan.pages());
          yield new Done();
        }
        case Step.Pin pin -> pin(pin);
        case Step.DeviceStore store -> {
          device(store.name()).set(ValueLayout.JAVA_BYTE, 0, store.value());
          yield new Done();
        }
        case Step.DeviceLoad load -> new Value(device(load.name()).get(ValueLayout.JAVA_BYTE, 0));
        case Step.Unpin unpin -> {
          system.unpin(pinned(unpin.name()));
          pins.remove(unpin.name());
          yield new Done();
        }
        case Step.Evict evict -> evict(file(evict.file()));
        case Step.Fetch fetch -> new Value(cpu(fetch, fetch.cpu()).fetch(va(fetch.page())));
      };
    } catch (SegmentationFaultException e) {
      return result(e.status());
    } catch (InvalidRequestException e) {
      return new Refused();
    } catch (OutOfFramesException e) {
      return new OutOfMemory();
    }
  }

  private static StepResult result(FaultStatus status) {
    return switch (status) {
      case NOT_MAPPED -> new NotMapped();
      case BEYOND_FILE -> new BeyondFile();
      default -> new NotPermitted();
    };
  }

  /** The processes that there are, in the order in which they began. */
  public Map<String, AddressSpace> processes() {
    return Map.copyOf(processes);
  }

  private StepResult begin(String name, Supplier<AddressSpace> made) {
    if (processes.containsKey(name)) {
      throw new InvalidRequestException(
          "process " + name + " runs already: choose another name, or have it exit first");
    }
    processes.put(name, made.get());
    return new Done();
  }

  private AddressSpace create() {
    AddressSpace made = system.create();
    made.beginHeap(va(Step.HEAP_PAGE));
    return made;
  }

  private StepResult exit(Step.Exit exit) {
    of(exit).close();
    processes.remove(exit.process());
    return new Done();
  }

  private StepResult mmap(Step.Mmap mmap) {
    MmapRequest request = MmapRequest.anonymous(mmap.pages() * pageBytes, mmap.rights());
    of(mmap).mmap((mmap.shared() ? request.asShared() : request).at(va(mmap.page())));
    return new Done();
  }

  private StepResult mmapFile(Step.MmapFile mmap) {
    of(mmap)
        .mmap(
            new MmapRequest(
                OptionalLong.of(va(mmap.page())),
                mmap.pages() * pageBytes,
                mmap.rights(),
                mmap.shared(),
                Optional.of(new Backing.OfFile(file(mmap.file()), mmap.filePage()))));
    return new Done();
  }

  private StepResult mremap(Step.Mremap mremap) {
    MremapRequest.Target target =
        mremap.target().isPresent()
            ? new MremapRequest.Target.At(va(mremap.target().getAsLong()))
            : new MremapRequest.Target.InPlace();
    of(mremap)
        .mremap(
            new MremapRequest(
                va(mremap.page()),
                mremap.pages() * pageBytes,
                mremap.newPages() * pageBytes,
                target));
    return new Done();
  }

  private StepResult create(Step.CreateFile create) {
    if (files.containsKey(create.file())) {
      throw new InvalidRequestException(
          "file " + create.file() + " is there already: choose another name");
    }
    files.put(create.file(), system.createFile(new MemoryStorage(), create.pages()));
    return new Done();
  }

  private static StepResult evict(FilePages file) {
    for (long page = 0; page < file.sizePages(); page++) {
      file.evict(page);
    }
    return new Done();
  }

  private FilePages file(String name) {
    FilePages file = files.get(name);
    if (file == null) {
      throw new InvalidRequestException("no file " + name + ": create it first");
    }
    return file;
  }

  private StepResult numaHint(Step.NumaHint hint) {
    NumaHints hints = new NumaHints(of(hint));
    long bytes = hint.pages() * pageBytes;
    if (hint.cpu().isPresent()) {
      hints.change(va(hint.page()), bytes, hint.cpu().getAsInt());
    } else {
      hints.change(va(hint.page()), bytes);
    }
    return new Done();
  }

  private StepResult pin(Step.Pin pin) {
    if (pins.containsKey(pin.name())) {
      throw new InvalidRequestException("a page is pinned as " + pin.name() + " already: unpin it");
    }
    pins.put(pin.name(), of(pin).pin(va(pin.page())));
    return new Done();
  }

  private MemorySegment device(String name) {
    return system.folios().bytes(pinned(name));
  }

  private long pinned(String name) {
    Long pfn = pins.get(name);
    if (pfn == null) {
      throw new InvalidRequestException("no page is pinned as " + name + ": pin one first");
    }
    return pfn;
  }

  /** Has devices give everything back. */
  void unpinAll() {
    pins.values().forEach(system::unpin);
    pins.clear();
  }

  /** Takes every file away, as if its last user were gone. */
  void removeFiles() {
    files.values().forEach(file -> system.truncate(file, 0));
    files.clear();
  }

  private AddressSpace of(Step.OfProcess step) {
    AddressSpace space = processes.get(step.process());
    if (space == null) {
      throw new InvalidRequestException(step + ": no process of that name; start it first");
    }
    return space;
  }

  private UserCpu cpu(Step.OfProcess step, int index) {
    return new UserCpu(of(step), index);
  }

  private long va(long page) {
    return origin + page * pageBytes;
  }
}

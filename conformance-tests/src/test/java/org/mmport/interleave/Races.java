package org.mmport.interleave;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.mmport.conformance.ConformanceSuite;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.MemoryStorage;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.SegmentationFaultException;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.MmuGather;
import org.mmport.scenario.MmBench;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;

/**
 * User code on one CPU while the kernel, or user code, does something to the same page on another.
 * What began after the other returned must see all of it; what ran beside it, all or nothing.
 */
final class Races {
  private static final byte OLD = 1;
  private static final byte NEW = 2;
  private static final byte LATE = 3;

  private Races() {}

  static MmuVariant variant(String id) {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static long pageBytes(MmBench bench) {
    return bench.system().variant().geometry().pageBytes();
  }

  private static long map(MmBench bench, AddressSpace space) {
    return space.mmap(MmapRequest.anonymous(pageBytes(bench), VmaRights.READ_WRITE));
  }

  private static Optional<String> wrong(boolean isWrong, String what) {
    return isWrong ? Optional.of(what) : Optional.empty();
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException(what);
    }
  }

  /** Whether it went through. */
  private static boolean tried(Runnable access) {
    try {
      access.run();
      return true;
    } catch (SegmentationFaultException e) {
      return false;
    }
  }

  /** Both fault; there must come to be one page. */
  static Program twoStores(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = map(bench, space);
          UserCpu first = new UserCpu(space, 0);
          UserCpu second = new UserCpu(space, 1);
          return new MmScene.Acts(
              List.of(() -> first.store(va, NEW), () -> second.store(va + 1, LATE)),
              () ->
                  wrong(
                      first.load(va) != NEW || first.load(va + 1) != LATE,
                      "a store has been lost"));
        });
  }

  /** One reads zeros, which the other replaces. */
  static Program loadAgainstStore(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = map(bench, space);
          UserCpu reader = new UserCpu(space, 0);
          UserCpu writer = new UserCpu(space, 1);
          AtomicBoolean stored = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    reader.load(va);
                    boolean must = stored.get();
                    require(reader.load(va) == NEW || !must, "loads zero after the store ended");
                  },
                  () -> {
                    writer.store(va, NEW);
                    stored.set(true);
                  }),
              () -> wrong(reader.load(va) != NEW, "the store has been lost"));
        });
  }

  /** After a fork both write the page that they share. */
  static Program parentAgainstChild(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = map(bench, parent);
          UserCpu first = new UserCpu(parent, 0);
          first.store(va, OLD);
          UserCpu second = new UserCpu(parent.fork(), 1);
          return new MmScene.Acts(
              List.of(() -> first.store(va, NEW), () -> second.store(va, LATE)),
              () ->
                  wrong(
                      first.load(va) != NEW || second.load(va) != LATE,
                      "one has what the other stored"));
        });
  }

  /** The child has what was there at one moment. */
  static Program storeAgainstFork(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = map(bench, parent);
          UserCpu cpu = new UserCpu(parent, 1);
          cpu.store(va, OLD);
          AtomicReference<Optional<AddressSpace>> child = new AtomicReference<>(Optional.empty());
          AtomicBoolean late = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> child.set(Optional.of(parent.fork())),
                  () -> {
                    cpu.store(va, NEW);
                    late.set(child.get().isPresent());
                    cpu.store(va, LATE);
                    require(cpu.load(va) == LATE, "the parent's own store is not there");
                  }),
              () -> {
                UserCpu its = new UserCpu(child.get().orElseThrow(), 0);
                byte had = its.load(va);
                its.store(va, OLD);
                return wrong(late.get() && had == LATE, "a store after the fork is in the child")
                    .or(() -> wrong(cpu.load(va) != LATE, "the child's store is in the parent"));
              });
        });
  }

  static Program storeAgainstMunmap(MmuVariant variant) {
    return anonymous(
        variant, (space, va, page) -> space.munmap(va, page), "stores to what is unmapped");
  }

  static Program storeAgainstMprotect(MmuVariant variant) {
    return anonymous(
        variant,
        (space, va, page) -> space.mprotect(va, page, VmaRights.READ),
        "stores to what is read-only");
  }

  private interface Change {
    void of(AddressSpace space, long va, long pageBytes);
  }

  /** After the change there is no store any more. */
  private static Program anonymous(MmuVariant variant, Change change, String refused) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = map(bench, space);
          UserCpu cpu = new UserCpu(space, 1);
          cpu.store(va, OLD);
          AtomicBoolean done = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    change.of(space, va, pageBytes(bench));
                    done.set(true);
                  },
                  () -> {
                    tried(() -> cpu.store(va, NEW));
                    boolean late = done.get();
                    require(!tried(() -> cpu.store(va, LATE)) || !late, refused);
                  }),
              Optional::empty);
        });
  }

  /** Pages that are dropped read as zeros, or as what was stored after. */
  static Program storeAgainstDontNeed(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = map(bench, space);
          UserCpu cpu = new UserCpu(space, 1);
          cpu.store(va, OLD);
          return new MmScene.Acts(
              List.of(
                  () -> space.dontNeed(va, pageBytes(bench)),
                  () -> {
                    cpu.store(va + 1, NEW);
                    cpu.load(va + 1);
                  }),
              () -> wrong(cpu.load(va) != 0, "what was dropped is there again"));
        });
  }

  // Files.

  /** A file of one page, mapped shared, with what it is kept in. */
  private record Shared(AddressSpace space, FilePages file, MemoryStorage storage, long va) {
    static Shared on(MmBench bench) {
      MmSystem system = bench.system();
      AddressSpace space = system.create();
      MemoryStorage storage = new MemoryStorage();
      FilePages file = system.createFile(storage, 1);
      long va =
          space.mmap(
              new MmapRequest(
                  OptionalLong.empty(),
                  pageBytes(bench),
                  VmaRights.READ_WRITE,
                  true,
                  Optional.of(new Backing.OfFile(file, 0))));
      return new Shared(space, file, storage, va);
    }

    byte kept() {
      MemorySegment page = MemorySegment.ofArray(new byte[1 << file.pageShift()]);
      storage.read(0, page);
      return page.get(JAVA_BYTE, 0);
    }

    /** What the last writeback leaves; then the file goes. */
    Supplier<Optional<String>> keeps(byte expected) {
      return () -> {
        space.system().writeBack(file);
        byte kept = kept();
        space.system().truncate(file, 0);
        return wrong(
            kept != expected, "the file keeps " + kept + " where " + expected + " was stored");
      };
    }
  }

  /** What was stored before is written; what is stored after is written the next time. */
  static Program storeAgainstWriteBack(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Shared shared = Shared.on(bench);
          UserCpu cpu = new UserCpu(shared.space, 1);
          cpu.store(shared.va, OLD);
          AtomicBoolean stored = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    boolean must = stored.get();
                    bench.system().writeBack(shared.file);
                    require(shared.kept() == NEW || !must, "what was stored is not written back");
                  },
                  () -> {
                    cpu.store(shared.va, NEW);
                    stored.set(true);
                  }),
              shared.keeps(NEW));
        });
  }

  /**
   * A page that was written back and is stored to again. Hardware that marks entries need not fault
   * for that where it may write: the mapping was made writable by another's fault before.
   */
  static Program rewriteAgainstWriteBack(MmuVariant variant) {
    return rewrite(variant, shared -> shared.space.system().writeBack(shared.file));
  }

  static Program rewriteAgainstMunmap(MmuVariant variant) {
    return rewrite(
        variant, shared -> shared.space.munmap(shared.va, 1L << shared.file.pageShift()));
  }

  /** The entry is writable and clean when the store begins, so that hardware marks it. */
  private static Program rewrite(MmuVariant variant, Consumer<Shared> change) {
    return MmScene.of(
        variant,
        bench -> {
          Shared shared = Shared.on(bench);
          UserCpu cpu = new UserCpu(shared.space, 1);
          cpu.store(shared.va, OLD);
          bench.system().writeBack(shared.file);
          try (MmuGather gather =
              shared
                  .space
                  .pageTable()
                  .gather(bench.system().cpus().flusher(shared.space.context()))) {
            shared
                .space
                .pageTable()
                .protect(shared.va, pageBytes(bench), Protection.PAGE_SHARED, gather);
            gather.flush();
          }
          AtomicReference<Byte> last = new AtomicReference<>(OLD);
          return new MmScene.Acts(
              List.of(
                  () -> change.accept(shared),
                  () -> {
                    if (tried(() -> cpu.store(shared.va, NEW))) {
                      last.set(NEW);
                    }
                  }),
              () -> shared.keeps(last.get()).get());
        });
  }

  /** The page goes from the mapping; what was stored to it stays in the file. */
  static Program storeAgainstMunmapOfFile(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Shared shared = Shared.on(bench);
          UserCpu cpu = new UserCpu(shared.space, 1);
          cpu.store(shared.va, OLD);
          bench.system().writeBack(shared.file);
          // The last writer tells what must be kept.
          AtomicReference<Byte> last = new AtomicReference<>(OLD);
          return new MmScene.Acts(
              List.of(
                  () -> shared.space.munmap(shared.va, pageBytes(bench)),
                  () -> {
                    if (tried(() -> cpu.store(shared.va, NEW))) {
                      last.set(NEW);
                    }
                  }),
              () -> shared.keeps(last.get()).get());
        });
  }

  /** A clean page may be dropped from the cache at any moment, a dirty one never. */
  static Program munmapAgainstEvict(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Shared shared = Shared.on(bench);
          UserCpu cpu = new UserCpu(shared.space, 1);
          cpu.load(shared.va);
          return new MmScene.Acts(
              List.of(
                  () -> shared.file.evict(0),
                  () -> {
                    cpu.store(shared.va, NEW);
                    shared.space.munmap(shared.va, pageBytes(bench));
                  }),
              shared.keeps(NEW));
        });
  }

  /** What is cut off is out of reach. */
  static Program storeAgainstTruncate(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Shared shared = Shared.on(bench);
          UserCpu cpu = new UserCpu(shared.space, 1);
          cpu.store(shared.va, OLD);
          AtomicBoolean done = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    bench.system().truncate(shared.file, 0);
                    done.set(true);
                  },
                  () -> {
                    tried(() -> cpu.store(shared.va, NEW));
                    boolean late = done.get();
                    require(
                        !tried(() -> cpu.store(shared.va, LATE)) || !late,
                        "stores to what is cut off");
                  }),
              () -> wrong(shared.file.cachedPages() != 0, "a page of no file is in its cache"));
        });
  }

  /** Everything at once, for random orders. */
  static Program family(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = map(bench, parent);
          UserCpu first = new UserCpu(parent, 0);
          UserCpu second = new UserCpu(parent, 1);
          first.store(va, OLD);
          return new MmScene.Acts(
              List.of(
                  () -> {
                    first.store(va, NEW);
                    require(first.load(va) == NEW, "its own store is not there");
                  },
                  () -> {
                    second.store(va + 1, NEW);
                    second.load(va);
                  },
                  () -> {
                    AddressSpace child = parent.fork();
                    AddressSpace grandchild = child.fork();
                    child.mprotect(va, pageBytes(bench), VmaRights.READ);
                    child.close();
                    grandchild.munmap(va, pageBytes(bench));
                    parent.mprotect(va, pageBytes(bench), VmaRights.READ_WRITE);
                  }),
              () ->
                  wrong(
                      first.load(va) != NEW || first.load(va + 1) != NEW, "a store has been lost"));
        });
  }
}

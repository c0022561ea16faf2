package org.mmport.interleave;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.mmport.interleave.Races.pageBytes;
import static org.mmport.interleave.Races.require;
import static org.mmport.interleave.Races.tried;
import static org.mmport.interleave.Races.wrong;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MemoryStorage;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.MmuGather;
import org.mmport.scenario.MmBench;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;

/** The same in a mapping of a file: what was stored is kept, whatever becomes of the mapping. */
final class FileRaces {
  private static final byte OLD = 1;
  private static final byte NEW = 2;
  private static final byte LATE = 3;

  private FileRaces() {}

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

  /** The same where the one that stores uses the table of its parent. */
  static Program storeOfChildAgainstWriteBack(MmuVariant variant, ForkStrategy way) {
    return MmScene.of(
        variant,
        bench -> {
          Shared shared = Shared.on(bench);
          new UserCpu(shared.space, 0).store(shared.va, OLD);
          UserCpu child = new UserCpu(shared.space.fork(way), 1);
          child.store(shared.va, OLD);
          AtomicBoolean stored = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    boolean must = stored.get();
                    bench.system().writeBack(shared.file);
                    require(shared.kept() == NEW || !must, "what was stored is not written back");
                  },
                  () -> {
                    child.store(shared.va, NEW);
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

  /** A page that only the cache has is dropped from it, or mapped once more; never both. */
  static Program loadAgainstEvict(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Shared shared = Shared.on(bench);
          UserCpu cpu = new UserCpu(shared.space, 1);
          cpu.store(shared.va, OLD);
          bench.system().writeBack(shared.file);
          shared.space.dontNeed(shared.va, pageBytes(bench));
          return new MmScene.Acts(
              List.of(
                  () -> shared.file.evict(0),
                  () -> require(cpu.load(shared.va) == OLD, "the file has lost what was stored")),
              shared.keeps(OLD));
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
}

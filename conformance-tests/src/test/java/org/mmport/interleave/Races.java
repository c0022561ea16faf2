package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.mmport.conformance.ConformanceSuite;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.SegmentationFaultException;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.spi.MmuVariant;

/**
 * User code on one CPU while the kernel, or user code, does something to the same page on another.
 * What began after the other returned must see all of it; what ran beside it, all or nothing.
 */
final class Races {
  static final byte OLD = 1;
  static final byte NEW = 2;
  static final byte LATE = 3;

  private Races() {}

  static MmuVariant variant(String id) {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  static long pageBytes(MmBench bench) {
    return bench.system().variant().geometry().pageBytes();
  }

  static long map(MmBench bench, AddressSpace space) {
    return space.mmap(MmapRequest.anonymous(pageBytes(bench), VmaRights.READ_WRITE));
  }

  static Optional<String> wrong(boolean isWrong, String what) {
    return isWrong ? Optional.of(what) : Optional.empty();
  }

  static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException(what);
    }
  }

  /** Whether it went through. */
  static boolean tried(Runnable access) {
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

  /** A CPU comes to the address space just then, and knows nothing of what was there. */
  static Program switchAgainstMunmap(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace other = bench.system().create();
          AddressSpace space = bench.system().create();
          long va = map(bench, space);
          new UserCpu(space, 1).store(va, OLD);
          new UserCpu(other, 1);
          AtomicBoolean done = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    space.munmap(va, pageBytes(bench));
                    done.set(true);
                  },
                  () -> {
                    UserCpu cpu = new UserCpu(space, 1);
                    boolean late = done.get();
                    require(
                        !tried(() -> cpu.store(va, NEW)) || !late, "stores to what is unmapped");
                  }),
              Optional::empty);
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

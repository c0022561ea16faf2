package org.mmport.mm;

import java.util.Optional;
import java.util.OptionalInt;
import org.mmport.cpu.Access;
import org.mmport.machine.OutOfFramesException;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Faults side by side: those that most are share the lock of their address space, and beside it
 * take that of the one table that they change. What they do not do they leave to {@link
 * PageFaults}, which has the machine's lock alone, together with what they found.
 *
 * <p>While the lock is shared nothing is unmapped, protected, copied or reclaimed: mappings stay,
 * tables are made and not freed, and entries go from none to present and come to permit more. A
 * page is made before the table's lock is taken, and the entry looked at again after ({@code
 * vmf_pte_changed()} in {@code do_anonymous_page()}).
 */
final class FastFault {
  private final AddressSpace mm;
  private final MmSystem system;
  private final MmapLock lock;
  private final PageFaults faults;
  private final AnonPages anon;
  private final AnonFault anonFault;
  private final PteFormat format;

  FastFault(AddressSpace mm, PageFaults faults, AnonPages anon, AnonFault anonFault) {
    this.mm = mm;
    this.system = mm.system();
    this.lock = mm.mmapLock();
    this.faults = faults;
    this.anon = anon;
    this.anonFault = anonFault;
    this.format = system.variant().format();
  }

  /** What came of a fault while the lock was shared. */
  private sealed interface Shared {
    /** It is dealt with, or there is nothing that can be done. */
    record Done(FaultStatus status) implements Shared {}

    /** Nothing was looked at that matters, or somebody was faster. */
    record Left() implements Shared {}

    /**
     * Somebody who has the lock alone must do it, and may go on from here as long as nobody changed
     * the table.
     */
    record Found(PageFaults.Entry entry, int version, long turns) implements Shared {}
  }

  private static final Shared LEFT = new Shared.Left();

  /**
   * What an access that hardware refused comes to.
   *
   * @param cpu who made it, where one of the machine's did
   */
  FaultStatus handle(long va, Access access, OptionalInt cpu) {
    Shared shared = lock.sharing(() -> shared(va, access));
    FaultStatus status =
        shared instanceof Shared.Done done && !needsOthers(done.status())
            ? done.status()
            : mm.locked(
                () -> hint(shared, va, access, cpu).orElseGet(() -> alone(shared, va, access)));
    system.count(status);
    return status;
  }

  /** What an access that met a hint comes to, where it matters who made it. */
  private Optional<FaultStatus> hint(Shared shared, long va, Access access, OptionalInt cpu) {
    return cpu.isEmpty() || !system.numa().isUsed() || shared instanceof Shared.Done
        ? Optional.empty()
        : faults.numaHint(va, access, system.numa().node(cpu.getAsInt()));
  }

  /**
   * Memory is found by whoever has the lock alone. And whoever found nothing to do must not come
   * back before those who did it have had CPUs told: with the lock alone, they have.
   */
  private static boolean needsOthers(FaultStatus status) {
    return status == FaultStatus.OUT_OF_MEMORY || status == FaultStatus.SPURIOUS;
  }

  private FaultStatus alone(Shared shared, long va, Access access) {
    FaultStatus status =
        switch (shared) {
          case Shared.Done done -> done.status();
          case Shared.Left left -> faults.handle(va, access);
          case Shared.Found found ->
              isAsFound(found)
                  ? faults.handle(found.entry(), va, access)
                  : faults.handle(va, access);
        };
    for (int i = 0; status == FaultStatus.OUT_OF_MEMORY && system.makeRoom(i); i++) {
      status = faults.handle(va, access);
    }
    return status;
  }

  /**
   * Whether the table is still there, and the entry is what it was when it was met: where entries
   * are stored in halves, that may have been half of one.
   */
  private boolean isAsFound(Shared.Found found) {
    return lock.turns() == found.turns() && found.entry().table().lockVersion() == found.version();
  }

  private Shared shared(long va, Access access) {
    if (mm.pageTable().mayShare()) {
      return LEFT;
    }
    Optional<Vma> found = mm.mappings().find(va);
    Optional<FaultStatus> refusal = faults.refusal(found, va, access);
    if (refusal.isPresent()) {
      return new Shared.Done(refusal.get());
    }
    Vma vma = found.orElseThrow();
    return vma.locked()
            || !(vma.backing() instanceof Backing.Anonymous)
            || mayBeHuge(vma, va, access)
        ? LEFT
        : anonymous(vma, va, access);
  }

  /**
   * A table below is none of a leaf's; where there is none yet, there may be a leaf, or one made.
   */
  private boolean mayBeHuge(Vma vma, long va, Access access) {
    return mm.hugeLeaves().mayMap(vma, access) && !mm.pageTable().hasTable(Level.PTE, va);
  }

  private Shared anonymous(Vma vma, long va, Access access) {
    try (PageGather gather = mm.gather()) {
      try {
        Optional<PteTable> table = mm.pageTable().pteTableBeside(va, gather.gather());
        return table.isPresent() ? inTable(vma, table.get(), va, access, gather) : LEFT;
      } catch (OutOfFramesException e) {
        return new Shared.Done(FaultStatus.OUT_OF_MEMORY);
      } finally {
        gather.flush();
      }
    }
  }

  private Shared inTable(Vma vma, PteTable table, long va, Access access, PageGather gather) {
    int version = table.lockVersion();
    long raw = table.getLockless(table.index(va));
    if (format.none(raw, Level.PTE)) {
      return access.writes()
          ? written(vma, table, va, version, gather)
          : read(vma, table, va, version, gather);
    }
    if (!format.present(raw, Level.PTE)
        || format.protnone(raw, Level.PTE)
        || (access.writes()
            && !format.write(raw, Level.PTE)
            && !anon.isExclusive(system.pfn(raw)))) {
      return new Shared.Found(new PageFaults.Entry(vma, table, raw), version, lock.turns());
    }
    return touched(table, va, raw, access, gather);
  }

  private Shared written(Vma vma, PteTable table, long va, int version, PageGather gather) {
    AnonFault.Fresh fresh = anonFault.alloc(vma, table, va);
    boolean free;
    int now = table.lock();
    try {
      free = now == version || anonFault.isFree(table, fresh);
      if (free) {
        anonFault.map(vma, table, fresh);
        gather.flush();
      }
    } finally {
      table.unlock();
    }
    if (free) {
      return new Shared.Done(FaultStatus.MINOR);
    }
    system.folios().unref(fresh.head(), 1);
    return LEFT;
  }

  private Shared read(Vma vma, PteTable table, long va, int version, PageGather gather) {
    int now = table.lock();
    try {
      if (now != version && !format.none(table.get(table.index(va)), Level.PTE)) {
        return LEFT;
      }
      anonFault.mapZero(vma, table, va);
      gather.flush();
      return new Shared.Done(FaultStatus.MINOR);
    } finally {
      table.unlock();
    }
  }

  /** Nobody takes from a present entry what it permits, so what it was will do. */
  private Shared touched(PteTable table, long va, long raw, Access access, PageGather gather) {
    table.lock();
    try {
      FaultStatus status = faults.touch(table, table.index(va), raw, access);
      gather.flush();
      return new Shared.Done(status);
    } finally {
      table.unlock();
    }
  }
}

package org.mmport.mm;

import java.util.Optional;
import org.mmport.cpu.Access;
import org.mmport.machine.OutOfFramesException;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.PteView;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** The one place that faults of an address space come to (R1.12): {@code handle_mm_fault()}. */
final class PageFaults {
  private final AddressSpace mm;
  private final MmSystem system;
  private final WriteProtectedFault wpFault;
  private final SwapFault swapFault;
  private final SwapEntries swapEntries;
  private final AnonFault anonFault;
  private final FilePagesFault files;
  private final HugeFault hugeFault;
  private final NumaFault numaFault;
  private final PteFormat format;

  /** What a fault found: an entry of a table, and the mapping that it is of. */
  record Entry(Vma vma, PteTable table, long raw) {}

  PageFaults(AddressSpace mm, AnonPages anon, AnonFault anonFault) {
    this.mm = mm;
    this.system = mm.system();
    this.anonFault = anonFault;
    this.files = new FilePagesFault(mm, anon);
    this.wpFault = new WriteProtectedFault(mm, anon);
    this.swapFault = new SwapFault(mm, anon, wpFault);
    this.numaFault = new NumaFault(mm, anon);
    this.hugeFault = new HugeFault(mm, anon, numaFault);
    this.swapEntries = system.swapEntries();
    this.format = system.variant().format();
  }

  FaultStatus handle(long va, Access access) {
    Optional<Vma> vma = mm.mappings().find(va);
    return refusal(vma, va, access).orElseGet(() -> resolve(vma.orElseThrow(), va, access));
  }

  /** The same for an entry that was found, and nobody can have changed since. */
  FaultStatus handle(Entry found, long va, Access access) {
    try (PageGather gather = mm.gather()) {
      try {
        PteTable table = found.table().in(gather.gather());
        return handle(found.vma(), table, found.raw(), TableUsers.only(mm, va), va, access, gather);
      } catch (OutOfFramesException e) {
        return FaultStatus.OUT_OF_MEMORY;
      } finally {
        gather.flush();
      }
    }
  }

  /** What an access of a CPU of a node comes to, if it met a hint. */
  Optional<FaultStatus> numaHint(long va, Access access, int node) {
    return mm.mappings()
        .find(va)
        .filter(vma -> permits(vma.rights(), access))
        .flatMap(vma -> numaFault.handle(vma, va, node));
  }

  /** Why the mapping at an address does not permit an access, if it does not. */
  Optional<FaultStatus> refusal(Optional<Vma> vma, long va, Access access) {
    if (vma.isEmpty()) {
      // Whether the kernel has anything there is none of the process's business.
      return Optional.of(
          system.variant().geometry().vaLayout().isKernel(va)
              ? FaultStatus.NOT_PERMITTED
              : FaultStatus.NOT_MAPPED);
    }
    return permits(vma.get().rights(), access)
        ? Optional.empty()
        : Optional.of(FaultStatus.NOT_PERMITTED);
  }

  /** The same for a mapping that is not asked whether it permits that: {@code FOLL_FORCE}. */
  FaultStatus resolve(Vma vma, long va, Access access) {
    try (PageGather gather = mm.gather()) {
      try {
        Optional<FaultStatus> huge = hugeFault.handle(vma, va, access, gather.gather());
        if (huge.isPresent()) {
          return huge.get();
        }
        Optional<FaultStatus> inPlace = inPlace(vma, va, access, gather);
        if (inPlace.isPresent()) {
          return inPlace.get();
        }
        if (!access.writes() || vma.shared()) {
          TableUsers users = TableUsers.of(mm, va);
          if (users.areSeveral()) {
            return forAll(vma, users, va, access);
          }
        }
        PteTable table = mm.pageTable().pteTableAlloc(va, gather.gather());
        return handle(
            vma, table, table.get(table.index(va)), TableUsers.only(mm, va), va, access, gather);
      } catch (OutOfFramesException e) {
        return FaultStatus.OUT_OF_MEMORY;
      } finally {
        gather.flush();
      }
    }
  }

  /**
   * Who shares a table has the same mappings there, so what one reads is what all would find, and
   * what it writes to a shared mapping is theirs too: that copies no table (R3.5, R3.10).
   */
  private FaultStatus forAll(Vma vma, TableUsers users, long va, Access access) {
    try (PageGather gather = users.gather()) {
      try {
        PteTable table = users.tableAlloc(gather);
        return handle(vma, table, table.get(table.index(va)), users, va, access, gather);
      } finally {
        gather.flush();
      }
    }
  }

  /** What a read comes to where nobody counts it, so that nobody need be looked for. */
  private Optional<FaultStatus> inPlace(Vma vma, long va, Access access, PageGather gather) {
    if (access.writes() || !mm.pageTable().mayShare()) {
      return Optional.empty();
    }
    return mm.pageTable().pteView(va, gather.gather()).flatMap(table -> inPlace(vma, table, va));
  }

  private Optional<FaultStatus> inPlace(Vma vma, PteView table, long va) {
    int index = table.index(va);
    long raw = table.get(index);
    if (format.none(raw, Level.PTE) && vma.backing() instanceof Backing.Anonymous) {
      table.fill(index, anonFault.zeroLeaf(vma));
      return Optional.of(FaultStatus.MINOR);
    }
    if (!format.present(raw, Level.PTE) || format.protnone(raw, Level.PTE)) {
      return Optional.empty();
    }
    return Optional.of(table.mkYoung(index) ? FaultStatus.TOUCHED : FaultStatus.SPURIOUS);
  }

  private static boolean permits(VmaRights rights, Access access) {
    return switch (access) {
      case USER_READ -> rights.read();
      case USER_WRITE -> rights.write();
      case USER_EXEC -> rights.exec();
      case KERNEL_READ, KERNEL_WRITE, KERNEL_EXEC -> false;
    };
  }

  private FaultStatus handle(
      Vma vma,
      PteTable table,
      long raw,
      TableUsers users,
      long va,
      Access access,
      PageGather gather) {
    int index = table.index(va);
    if (swapEntries.isSwap(raw)) {
      return swapFault.swapIn(vma, table, users, va, access, gather);
    }
    if (format.none(raw, Level.PTE)) {
      return switch (vma.backing()) {
        case Backing.Anonymous none -> anonFault.missing(vma, table, va, access);
        case Backing.OfFile file -> files.missing(vma, file, table, users, va, access);
      };
    }
    if (format.protnone(raw, Level.PTE)) {
      return numaFault.restore(vma, table, users, va, NumaBalancing.NO_NODE, gather);
    }
    if (access.writes() && !format.write(raw, Level.PTE)) {
      return vma.shared()
          ? files.makeWritable(table, index)
          : wpFault.writeProtected(vma, table, va, gather);
    }
    return touch(table, index, raw, access);
  }

  /** Has a present entry that the mapping permits, or one's own page, permit the access. */
  FaultStatus touch(PteTable table, int index, long raw, Access access) {
    if (access.writes() && !format.write(raw, Level.PTE)) {
      return wpFault.reuse(table, index, raw);
    }
    long touched = format.mkYoung(raw, Level.PTE);
    long wanted = access.writes() ? format.mkDirty(touched, Level.PTE) : touched;
    return table.setAccessFlags(index, wanted) ? FaultStatus.TOUCHED : FaultStatus.SPURIOUS;
  }
}

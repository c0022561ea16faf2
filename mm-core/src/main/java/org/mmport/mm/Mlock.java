package org.mmport.mm;

import java.util.List;
import java.util.Optional;
import org.mmport.cpu.Access;
import org.mmport.machine.OutOfFramesException;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.PteView;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Keeps the pages of mappings in memory: mm/mlock.c, and {@code __mm_populate()} of mm/gup.c. */
final class Mlock {
  /** A page may take several faults, each of which brings it nearer. */
  private static final int MAX_FAULTS = 8;

  private final AddressSpace mm;
  private final MmSystem system;
  private final VmaTree vmas;
  private final PteFormat format;

  Mlock(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
    this.vmas = mm.mappings();
    this.format = system.variant().format();
  }

  /**
   * Locks the mappings of a range and has their pages in memory. As in Linux they stay locked where
   * a page cannot be had; what was in the way of the first one is the result.
   *
   * @throws OutOfFramesException when there is no memory for a page; nothing is locked then that
   *     was not, where Linux leaves all locked
   */
  Optional<FaultStatus> lock(long va, long sizeBytes) {
    long lastVa = va + sizeBytes - 1;
    List<Vma> unlocked =
        vmas.in(va, lastVa).stream()
            .filter(vma -> !vma.locked())
            .map(vma -> vma.clip(va, lastVa))
            .toList();
    vmas.replace(va, lastVa, vma -> vma.withLocked(true));
    unlocked.forEach(part -> eachPage(part.withLocked(true), system.mlocked::mapped));
    Optional<FaultStatus> inTheWay = populate(va, lastVa);
    if (inTheWay.equals(Optional.of(FaultStatus.OUT_OF_MEMORY))) {
      unlocked.forEach(part -> unlock(part.firstVa(), part.lastVa() - part.firstVa() + 1));
      throw new OutOfFramesException(
          "mlock 0x%x..0x%x: no memory for its pages; unmap something".formatted(va, lastVa));
    }
    return inTheWay;
  }

  /** Gives pages of a range up to be taken out of memory again. */
  void unlock(long va, long sizeBytes) {
    long lastVa = va + sizeBytes - 1;
    List<Vma> before = vmas.in(va, lastVa);
    vmas.replace(va, lastVa, vma -> vma.withLocked(false));
    before.forEach(vma -> leave(vma.clip(va, lastVa)));
  }

  /** Before the pages of a mapping, or of a part of it, are unmapped. */
  void leave(Vma part) {
    if (part.locked()) {
      eachPage(part, system.mlocked::unmapped);
    }
  }

  private interface PageCounter {
    void count(Vma vma, long pfn);
  }

  /** {@code mlock_pte_range()}. */
  private void eachPage(Vma part, PageCounter counter) {
    try (PageGather gather = mm.gather()) {
      mm.hugeLeaves().eachPage(part, gather.gather(), pfn -> counter.count(part, pfn));
      mm.pageTable()
          .pteTables(
              part.firstVa(),
              part.lastVa() - part.firstVa() + 1,
              gather.gather(),
              (table, first, count, va) -> {
                for (int i = first; i < first + count; i++) {
                  long raw = table.get(i);
                  if (format.present(raw, Level.PTE) && system.pfn(raw) != system.zeroPfn()) {
                    counter.count(part, system.pfn(raw));
                  }
                }
              });
    }
  }

  /** After mprotect: what may be written from now on is copied now ({@code mprotect_fixup()}). */
  void populateWritable(Vma before) {
    if (before.locked() && !before.shared() && !before.rights().write()) {
      vmas.find(before.firstVa())
          .filter(vma -> vma.rights().write())
          .ifPresent(vma -> populate(vma, before.firstVa(), before.lastVa()));
    }
  }

  /** Has the pages of locked mappings in memory, up to the first that cannot be. */
  Optional<FaultStatus> populate(long firstVa, long lastVa) {
    for (Vma vma : vmas.in(firstVa, lastVa)) {
      Vma part = vma.clip(firstVa, lastVa);
      Optional<FaultStatus> inTheWay = populate(vma, part.firstVa(), part.lastVa());
      if (inTheWay.isPresent()) {
        return inTheWay;
      }
    }
    return Optional.empty();
  }

  /**
   * {@code populate_vma_page_range()}: private memory that may be written is copied at once; shared
   * memory is not, so that it is not dirty for nothing.
   */
  private Optional<FaultStatus> populate(Vma vma, long firstVa, long lastVa) {
    if (vma.rights().equals(VmaRights.NONE)) {
      return Optional.of(FaultStatus.NOT_PERMITTED);
    }
    Access access = vma.rights().write() && !vma.shared() ? Access.USER_WRITE : Access.USER_READ;
    for (long va = firstVa; ; va += mm.pageBytes()) {
      Optional<FaultStatus> inTheWay = bringIn(vma, va, access);
      if (inTheWay.isPresent() || va + mm.pageBytes() - 1 == lastVa) {
        return inTheWay;
      }
    }
  }

  /** Has one page in memory, to be used like that, and says what is in the way of it. */
  Optional<FaultStatus> bringIn(Vma vma, long va, Access access) {
    for (int i = 0; i < MAX_FAULTS; i++) {
      if (isThere(va, access)) {
        return Optional.empty();
      }
      FaultStatus status = mm.resolve(vma, va, access);
      if (!status.isResolved()) {
        return Optional.of(status);
      }
    }
    throw new IllegalStateException(
        "page 0x%x is not there after %d faults that were resolved".formatted(va, MAX_FAULTS));
  }

  /** {@code follow_page_pte()}. */
  private boolean isThere(long va, Access access) {
    try (PageGather gather = mm.gather()) {
      Optional<HugeEntry> leaf = mm.hugeLeaves().at(va, gather.gather());
      if (leaf.isPresent()) {
        return isThere(leaf.get().get(), leaf.get().level(), access);
      }
      Optional<PteView> table = mm.pageTable().pteView(va, gather.gather());
      if (table.isEmpty()) {
        return false;
      }
      return isThere(table.get().get(table.get().index(va)), Level.PTE, access);
    }
  }

  private boolean isThere(long raw, Level level, Access access) {
    return format.present(raw, level)
        && !format.protnone(raw, level)
        && (!access.writes() || format.write(raw, level));
  }
}

package org.mmport.mm;

import java.util.Optional;
import java.util.OptionalLong;
import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntries;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.MmuGather;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Faults on what a huge page maps or could map, before those on entries of the last level: the part
 * of {@code __handle_mm_fault()} that looks at a PMD entry.
 *
 * <p>What is read first is the page of zeros, by an entry of the last level: there is no huge page
 * of zeros, as in Linux where {@code use_zero_page} is off.
 */
final class HugeFault {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final AnonPages anon;
  private final NumaFault numaFault;
  private final PteFormat format;

  HugeFault(AddressSpace mm, AnonPages anon, NumaFault numaFault) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.anon = anon;
    this.numaFault = numaFault;
    this.format = system.variant().format();
  }

  private HugeEntries entries() {
    return mm.pageTable().hugeEntries();
  }

  /** What the fault came to; empty where it is one of the last level's. */
  Optional<FaultStatus> handle(Vma vma, long va, Access access, MmuGather gather) {
    Optional<HugeEntry> leaf = mm.hugeLeaves().at(va, gather);
    if (leaf.isPresent()) {
      return present(vma, leaf.get(), access);
    }
    if (vma.backing() instanceof Backing.OfFile backing) {
      return missingOfFile(vma, backing, va, access, gather);
    }
    return access.writes() && system.hugePages().wants(vma)
        ? missing(vma, va, gather)
        : Optional.empty();
  }

  private Optional<FaultStatus> present(Vma vma, HugeEntry leaf, Access access) {
    Level level = leaf.level();
    long raw = leaf.get();
    if (format.protnone(raw, level)) {
      return Optional.of(numaFault.restore(vma, leaf, NumaBalancing.NO_NODE));
    }
    if (access.writes() && !format.write(raw, level)) {
      return vma.backing() instanceof Backing.OfFile
          ? writeProtectedOfFile(vma, leaf, raw)
          : writeProtected(leaf, raw);
    }
    long touched = format.mkYoung(raw, level);
    long wanted = access.writes() ? format.mkDirty(touched, level) : touched;
    return Optional.of(leaf.setAccessFlags(wanted) ? FaultStatus.TOUCHED : FaultStatus.SPURIOUS);
  }

  /**
   * {@code do_huge_pmd_wp_page()}: written as it is where nobody else has any of it or holds it,
   * else split, and the one page is copied.
   */
  private Optional<FaultStatus> writeProtected(HugeEntry leaf, long raw) {
    long head = mm.hugeLeaves().head(leaf);
    if (!folios.is(head, PageFlag.ANON_EXCLUSIVE) && folios.refCount(head) != 1) {
      mm.hugeLeaves().split(leaf);
      return Optional.empty();
    }
    folios.set(head, PageFlag.ANON_EXCLUSIVE);
    long dirty = format.mkDirty(format.mkYoung(raw, leaf.level()), leaf.level());
    leaf.setAccessFlags(format.mkWrite(dirty, leaf.level()));
    return Optional.of(FaultStatus.REUSED);
  }

  /**
   * {@code wp_huge_pmd()}: a private mapping copies the one page, and finds the others again. Of a
   * shared one the leaf is made writable, and the folio dirty, to which Linux comes by emptying it
   * and mapping it anew.
   */
  private Optional<FaultStatus> writeProtectedOfFile(Vma vma, HugeEntry leaf, long raw) {
    if (!vma.shared()) {
      mm.hugeLeaves().split(leaf);
      return Optional.empty();
    }
    folios.set(mm.hugeLeaves().head(leaf), PageFlag.DIRTY);
    long dirty = format.mkDirty(format.mkYoung(raw, leaf.level()), leaf.level());
    leaf.setAccessFlags(format.mkWrite(dirty, leaf.level()));
    return Optional.of(FaultStatus.TOUCHED);
  }

  /**
   * {@code filemap_map_pmd()}, {@code do_set_pmd()}: where nothing is, and the file has a folio of
   * that size there, or may read one.
   */
  private Optional<FaultStatus> missingOfFile(
      Vma vma, Backing.OfFile backing, long va, Access access, MmuGather gather) {
    if ((access.writes() && !vma.shared())
        || !system.hugePages().mayShowWhole(vma, backing, va)
        || mm.pageTable().hasTable(Level.PTE, va)) {
      return Optional.empty();
    }
    FilePages file = backing.file();
    long page = backing.pageOffset() + (va - vma.firstVa()) / mm.pageBytes();
    OptionalLong cached = file.find(page);
    OptionalLong found = cached.isPresent() ? cached : read(file, page);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    FaultStatus status =
        cached.isPresent() || !file.isWrittenBack() ? FaultStatus.MINOR : FaultStatus.MAJOR;
    long head = folios.headOf(found.getAsLong());
    int order = system.hugePages().order();
    if (folios.order(head) != order || file.held(head) != 1 << order) {
      folios.unref(head, 1);
      return Optional.empty();
    }
    return map(vma, va, head, access, gather) ? Optional.of(status) : Optional.empty();
  }

  private OptionalLong read(FilePages file, long page) {
    int order = system.hugePages().order();
    if (!system.folioOrders().file().contains(order)) {
      return OptionalLong.empty();
    }
    OptionalLong found = file.readInFolio(page, 0, order);
    found.ifPresent(pfn -> system.lru().add(folios.headOf(pfn)));
    return found;
  }

  /** Takes over the caller's reference. False where there is no table for it, or something is. */
  private boolean map(Vma vma, long va, long head, Access access, MmuGather gather) {
    try {
      HugeEntry entry = entries().alloc(va, gather);
      if (entry.isNone()) {
        mm.hugeLeaves().mapFile(vma, entry, head, entries().allocSpare(), access.writes());
        return true;
      }
    } catch (OutOfFramesException e) {
      // Smaller leaves need fewer tables, or one that is there.
    }
    folios.unref(head, 1);
    return false;
  }

  /**
   * {@code do_huge_pmd_anonymous_page()}: where the mapping has all of the range, and there is
   * nothing in it yet. Where there is no memory for it, smaller folios are tried.
   */
  private Optional<FaultStatus> missing(Vma vma, long va, MmuGather gather) {
    long bytes = system.hugePages().bytes().orElseThrow();
    long firstVa = va & -bytes;
    if (!vma.contains(firstVa) || !vma.contains(firstVa + bytes - 1)) {
      return Optional.empty();
    }
    HugeEntry entry;
    long spare;
    try {
      entry = entries().alloc(va, gather);
      if (!entry.isNone()) {
        return Optional.empty();
      }
      spare = entries().allocSpare();
    } catch (OutOfFramesException e) {
      return Optional.empty();
    }
    long head;
    try {
      head = anon.allocUnfilled(mm, vma, firstVa, system.hugePages().order());
    } catch (OutOfFramesException e) {
      entries().freeSpare(spare);
      return Optional.empty();
    }
    system.memory().slice(folios.physAddr(head), bytes).fill((byte) 0);
    mm.hugeLeaves().mapNew(vma, entry, head, spare);
    mm.count(1L << system.hugePages().order(), 0, 0);
    return Optional.of(FaultStatus.MINOR);
  }
}

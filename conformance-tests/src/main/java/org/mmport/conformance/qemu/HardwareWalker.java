package org.mmport.conformance.qemu;

import java.util.List;
import java.util.Optional;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.VaRegion;

/**
 * What hardware without a TLB does: walks the tables as the port reads them, checks rights at the
 * end, and leaves marks in the entries that it went through. Where it goes and what is allowed is
 * the port's word; what control registers change of that, and the marks, are the manual's.
 */
final class HardwareWalker {
  private final RawEntries entries;
  private final MmuVariant variant;
  private final List<Long> roots;
  private final Optional<Marks> marks;

  /** Told of every entry that hardware marks. */
  interface Marks {
    /** Hardware went through an entry. */
    void used(long entryAddr, Level level);

    /** Hardware wrote through a leaf that shows it. */
    void written(long entryAddr, Level level);

    /** An entry is another one because of that. */
    void changed(long oldRaw, long newRaw, Level level);
  }

  private HardwareWalker(
      RawEntries entries, MmuVariant variant, List<Long> roots, Optional<Marks> marks) {
    this.entries = entries;
    this.variant = variant;
    this.roots = roots;
    this.marks = marks;
  }

  /** One that only looks: it leaves no marks. */
  static HardwareWalker looking(RawEntries entries, MmuVariant variant, List<Long> roots) {
    return new HardwareWalker(entries, variant, roots, Optional.empty());
  }

  /** One that leaves marks in the entries, and tells of them. */
  static HardwareWalker marking(
      RawEntries entries, MmuVariant variant, List<Long> roots, Marks marks) {
    return new HardwareWalker(entries, variant, roots, Optional.of(marks));
  }

  AccessResult access(long va, Access access, CpuState cpu) {
    PagingGeometry geometry = variant.geometry();
    PteFormat format = variant.format();
    Level level = geometry.rootLevel();
    Optional<VaRegion> region = geometry.vaLayout().regionOf(va);
    if (region.isEmpty()) {
      return new Fault(FaultCause.NON_CANONICAL, level, 0);
    }
    long table = roots.get(region.get().root());
    int rights = Rights.ALL;
    while (true) {
      long entryAddr = table + (long) geometry.index(level, va) * geometry.entryBytes();
      if (!entries.contains(entryAddr)) {
        throw new HardwareDiffers(va, level, table, "a table in memory", "one outside memory");
      }
      long raw = entries.load(entryAddr);
      if (!format.valid(raw, level)) {
        return new Fault(FaultCause.NOT_PRESENT, level, raw);
      }
      if (format.reserved(raw, level) != 0) {
        return new Fault(FaultCause.RESERVED_BIT, level, raw);
      }
      boolean leaf =
          level == Level.PTE || (geometry.at(level).leafAllowed() && format.leaf(raw, level));
      long offset = va & (geometry.spanBytes(level) - 1);
      long physAddr = leaf ? format.physAddr(raw, level) + offset : AccessResult.NOWHERE;
      Optional<FaultCause> refusal = cpu.refuses(raw, level);
      if (refusal.isPresent()) {
        return new Fault(refusal.get(), level, raw, physAddr);
      }
      int own = format.rights(raw, level);
      rights &= leaf ? cpu.leafRights(own, raw) : cpu.tableRights(own);
      if (leaf && (cpu.rights(format.effectiveRights(rights)) & access.right()) == 0) {
        return new Fault(FaultCause.PERMISSION, level, raw, physAddr);
      }
      mark(entryAddr, level, raw, cpu, leaf && access.writes());
      if (leaf) {
        return new Done(physAddr, level, raw);
      }
      table = format.tableAddr(raw, level);
      level = geometry.nextReal(level);
    }
  }

  private void mark(long entryAddr, Level level, long raw, CpuState cpu, boolean written) {
    if (marks.isEmpty()) {
      return;
    }
    long marked = cpu.used(raw, level);
    marks.get().used(entryAddr, level);
    if (written) {
      marked = cpu.written(marked, level);
      if (cpu.tracksWrites(raw)) {
        marks.get().written(entryAddr, level);
      }
    }
    if (marked != raw) {
      entries.store(entryAddr, marked);
      marks.get().changed(raw, marked, level);
    }
  }
}

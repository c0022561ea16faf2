package org.mmport.conformance;

import java.util.Map;
import java.util.TreeMap;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.mm.AddressSpace;
import org.mmport.pgtable.TableVisitor;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.Simulation;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;

/** What a process of a scene maps, page by page, read from its tables. */
final class ProcessView {
  private final AddressSpace space;
  private final MmuVariant variant;
  private final PteFormat format;
  private final Folios folios;
  private final Map<Long, Long> leaves = new TreeMap<>(Long::compareUnsigned);

  /** As it is now. */
  ProcessView(AddressSpace space) {
    this.space = space;
    this.variant = space.system().variant();
    this.format = variant.format();
    this.folios = space.system().folios();
    space
        .pageTable()
        .walker()
        .visit(
            new TableVisitor() {
              @Override
              public void table(long tableAddr, Level level, long firstVa) {
                // Only what is mapped is of interest.
              }

              @Override
              public void leaf(long va, long raw, Level level, int rights) {
                leaves.put(va, raw);
              }

              @Override
              public void nonPresent(long va, long raw, Level level) {
                leaves.put(va, raw);
              }
            });
  }

  /** The leaf of a page, counted from the place at which scripts count. */
  long leaf(long page) {
    long va = originVa() + page * variant.geometry().pageBytes();
    Long raw = leaves.get(va);
    if (raw == null) {
      throw new IllegalStateException("the clause's script has nothing at page " + page);
    }
    return raw;
  }

  private long originVa() {
    return Simulation.beforeBoundary(variant.geometry(), MmBench.PAGES_BEFORE);
  }

  long pfn(long page) {
    return format.physAddr(leaf(page), Level.PTE) >>> variant.geometry().pageShift();
  }

  boolean writable(long page) {
    return format.write(leaf(page), Level.PTE);
  }

  /** Of so many pages, how many are cached together with others. */
  long inRuns(long page, int pages) {
    long found = 0;
    for (long i = page; i < page + pages; i++) {
      found += variant.batchOps().inRun(leaf(i), Level.PTE, format) ? 1 : 0;
    }
    return found;
  }

  /** All of it in words: a line for each page, and what is counted. */
  String all() {
    StringBuilder text = new StringBuilder(space.counters().toString());
    leaves.forEach((va, raw) -> text.append("\n0x%x: %s".formatted(va, page(raw))));
    return text.toString();
  }

  private String page(long raw) {
    if (!format.present(raw, Level.PTE)) {
      return "0x%x".formatted(raw);
    }
    long pfn = format.physAddr(raw, Level.PTE) >>> variant.geometry().pageShift();
    return "page 0x%x of folio 0x%x, write %s young %s, %d maps, %d references, exclusive %s"
        .formatted(
            pfn,
            folios.headOf(pfn),
            format.write(raw, Level.PTE),
            format.young(raw, Level.PTE),
            folios.mapCount(pfn),
            folios.refCount(pfn),
            folios.is(pfn, PageFlag.ANON_EXCLUSIVE));
  }
}

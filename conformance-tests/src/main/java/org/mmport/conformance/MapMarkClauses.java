package org.mmport.conformance;

import java.util.List;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** MAP 18: changes of entries that others mark at the same time. */
@RestsOn({"FMT-10", "FMT-20", "FMT-21", "FMT-31", "FMT-32", "FMT-53", "FMT-60", "MAP-07"})
final class MapMarkClauses {
  private static final int PAGES = 6;

  private MapMarkClauses() {}

  @Clause(
      id = "MAP-18",
      text = "A mark that hardware or a hash fault sets while rights change is not lost",
      source = "kernel: ptep_modify_prot_start; hash_page sets bits in entries without the lock",
      check = "plain stores where another party may have stored since the entry was read")
  static void marksThatComeMeanwhileStay(ClauseContext c) {
    PteFormat format = c.format();
    for (boolean young : List.of(false, true)) {
      Meanwhile meanwhile = new Meanwhile();
      try (Machine machine = new Machine(c.variant().withBatchOps(meanwhile));
          PageTable table = PageTable.create(machine.space(), TableOwner.USER)) {
        long page = c.geometry().pageBytes();
        long va = c.geometry().vaLayout().regions().getFirst().firstVa();
        try (MmuGather gather = table.gather(request -> {})) {
          table.map(va, 0, PAGES * page, Protection.PAGE_SHARED, gather);
          gather.flush();
        }
        long marked = 0;
        for (int i = 0; i < PAGES; i++) {
          marked = table.walker().walk(va + i * page).steps().getLast().entryAddr();
          long raw = format.mkClean(machine.bytes().load(marked), Level.PTE);
          raw = young ? format.mkDirty(format.mkYoung(raw, Level.PTE), Level.PTE) : raw;
          machine.bytes().store(marked, young ? raw : format.mkOld(raw, Level.PTE));
        }
        long before = machine.bytes().load(marked);
        long after = mark(c, before);
        requireInPlace(c, before);
        long entryAddr = marked;
        meanwhile.event = () -> machine.bytes().store(entryAddr, after);
        try (MmuGather gather = table.gather(request -> {})) {
          table.protect(va, PAGES * page, Protection.PAGE_READONLY, gather);
          gather.flush();
        }
        long raw = machine.bytes().load(marked);
        c.check(!format.write(raw, Level.PTE), Level.PTE, raw, "the rights changed", "writable");
        boolean kept = ((raw ^ after) & (before ^ after)) == 0;
        c.check(kept, Level.PTE, raw, "the marks of " + ClauseContext.hex(after), raw);
      }
    }
  }

  /** What is empty while it changes, nobody marks. */
  private static void requireInPlace(ClauseContext c, long raw) {
    long pgprot = c.format().pgprot(Protection.PAGE_READONLY);
    long changed = c.format().modify(raw, pgprot, Level.PTE);
    if (c.variant().tlbRules().duty(raw, changed, Level.PTE).breakBeforeMake()) {
      throw c.notApplicable("rights change by break-before-make");
    }
  }

  /** What a CPU or, where CPUs have no marks, a hash fault makes of an entry. */
  private static long mark(ClauseContext c, long raw) {
    long young = c.format().mkYoung(raw, Level.PTE);
    return c.has(MmuFeature.HASHED) ? HashClauses.mmu(c).withSlot(young, 5) : young;
  }

  /** Lets something happen between the core's reading of entries and its first change of one. */
  private static final class Meanwhile implements BatchOps {
    private Runnable event = () -> {};

    @Override
    public int replace(LeafTable table, int index, int nr, long old, long raw) {
      event.run();
      event = () -> {};
      return BatchOps.super.replace(table, index, nr, old, raw);
    }
  }
}

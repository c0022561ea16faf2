package org.mmport.mm;

import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSharer;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Accounts for pages whose tables are shared. While they are, an entry holds one reference and one
 * map count, however many processes see it; a table that is copied gives each page a second of
 * both, and its owner the cause to copy it when it is written: all that {@link Fork#copyEntry}
 * would have done.
 */
final class SharedPages implements TableSharer {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final SwapEntries swapEntries;

  SharedPages(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
  }

  @Override
  public void copy(PteTable from, PteTable to) {
    int nr;
    for (int i = 0; i < from.entries(); i += nr) {
      long raw = from.get(i);
      nr = 1;
      if (format.none(raw, Level.PTE)) {
        continue;
      }
      if (swapEntries.isSwap(raw)) {
        copySwapped(from, to, i, raw);
      } else {
        nr = from.hint(i);
        dup(system.pfn(raw), nr);
        from.wrProtect(i, nr);
        to.set(i, nr, format.mkOld(format.wrProtect(from.get(i), Level.PTE), Level.PTE));
      }
    }
  }

  private void copySwapped(PteTable from, PteTable to, int index, long raw) {
    long shared = format.swapClearExclusive(raw, Level.PTE);
    system.swapCache().requireArea().dup(swapEntries.slot(raw), 1);
    if (shared != raw) {
      from.clear(index, 1);
      from.setNonPresent(index, shared);
    }
    to.setNonPresent(index, shared);
  }

  /** The reference before the map count (R4.5). No page is pinned, or its table was not shared. */
  private void dup(long firstPfn, int pages) {
    for (long pfn = firstPfn; pfn < firstPfn + pages; pfn++) {
      if (pfn != system.zeroPfn()) {
        folios.ref(pfn, 1);
        folios.clear(pfn, PageFlag.ANON_EXCLUSIVE);
        folios.addMapCount(pfn, 1);
      }
    }
  }

  @Override
  public void attached(long note) {
    TableNote of = new TableNote(note);
    mm.count(of.anonPages(), of.filePages(), of.swapEntries());
  }

  @Override
  public void dropped(long note) {
    TableNote of = new TableNote(note);
    mm.count(-of.anonPages(), -of.filePages(), -of.swapEntries());
  }
}

package org.mmport.mm;

import java.util.BitSet;
import org.mmport.machine.Folios;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSharer;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Accounts for pages whose tables are shared. While they are, an entry holds one reference and one
 * map count, however many processes see it; a table that is copied gives each page a second of
 * both, and its owner the cause to copy it when it is written: all that {@link Fork#copyEntry}
 * would have done. Pages of shared mappings are written by all as they are.
 */
final class SharedPages implements TableSharer {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final AnonPages anon;
  private final PteFormat format;
  private final SwapEntries swapEntries;

  SharedPages(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.anon = new AnonPages(system);
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
  }

  @Override
  public void copy(PteTable from, PteTable to) {
    BitSet shared = ofSharedMappings(from);
    int nr;
    for (int i = 0; i < from.entries(); i += nr) {
      long raw = from.get(i);
      nr = 1;
      if (format.none(raw, Level.PTE)) {
        continue;
      }
      if (swapEntries.isSwap(raw)) {
        anon.dupSwapped(from, to, i, raw);
        continue;
      }
      nr = from.hint(i);
      dup(system.pfn(raw), nr);
      if (shared.get(i)) {
        // Dirty it is already where it was written (copy_present_pte() of mm/memory.c).
        to.set(i, nr, format.mkOld(format.mkClean(raw, Level.PTE), Level.PTE));
      } else {
        from.wrProtect(i, nr);
        to.set(i, nr, format.mkOld(format.wrProtect(from.get(i), Level.PTE), Level.PTE));
      }
    }
  }

  /** The reference before the map count (R4.5). */
  private void dup(long firstPfn, int pages) {
    for (long pfn = firstPfn; pfn < firstPfn + pages; pfn++) {
      if (anon.isAnon(pfn)) {
        anon.dup(pfn);
      } else if (pfn != system.zeroPfn()) {
        folios.dup(pfn);
      }
    }
  }

  @Override
  public boolean writesAreShared(long firstVa, long lastVa) {
    return mm.mappings().in(firstVa, lastVa).stream().anyMatch(Vma::shared);
  }

  @Override
  public void wrProtect(PteTable table) {
    BitSet shared = ofSharedMappings(table);
    int nr;
    for (int i = 0; i < table.entries(); i += nr) {
      long raw = table.get(i);
      nr = 1;
      if (format.present(raw, Level.PTE) && format.write(raw, Level.PTE) && !shared.get(i)) {
        nr = table.hint(i);
        table.wrProtect(i, nr);
      }
    }
  }

  /** Entries of a table that are for shared mappings: none is cached together with others. */
  private BitSet ofSharedMappings(PteTable table) {
    long pageBytes = mm.pageBytes();
    long firstVa = table.firstVa();
    long lastVa = firstVa + table.entries() * pageBytes - 1;
    BitSet shared = new BitSet();
    for (Vma vma : mm.mappings().in(firstVa, lastVa)) {
      if (vma.shared()) {
        Vma part = vma.clip(firstVa, lastVa);
        shared.set(table.index(part.firstVa()), table.index(part.lastVa()) + 1);
      }
    }
    return shared;
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

package org.mmport.mm;

import java.util.BitSet;
import java.util.EnumSet;
import java.util.Optional;
import org.mmport.machine.SinglePages;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSharer;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Accounts for pages whose tables are shared. While they are, an entry holds one reference and one
 * map count, however many processes see it; a table that is copied gives each page a second of
 * both, and its owner the cause to copy it when it is written: all that {@link Fork#copyEntry}
 * would have done, for single pages in a row {@link Fork#shareSingles}, or for pages of a large
 * folio {@link Fork#copyPages}. Pages of shared mappings are written by all as they are.
 */
final class SharedPages implements TableSharer {
  private final AddressSpace mm;
  private final MmSystem system;
  private final AnonPages anon;
  private final PteFormat format;
  private final SwapEntries swapEntries;
  private final PteBatch batch;

  /** Which of them may be written stays as it is: for the others it is to be noticed first. */
  private final PteBatch sharedBatch;

  /** The entry behind those that were copied together. */
  private final long[] behind = new long[1];

  SharedPages(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
    this.anon = new AnonPages(system);
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
    this.batch = PteBatch.ofCopies(system.variant());
    this.sharedBatch = new PteBatch(system.variant(), EnumSet.of(Ignored.YOUNG, Ignored.DIRTY));
  }

  @Override
  public void copy(PteTable from, PteTable to) {
    Parts parts = partsOf(from);
    Optional<SinglePages> singles = system.singlePagesIfAlone();
    int left = from.liveEntries();
    for (int i = 0; left > 0; left = from.liveEntries() - to.liveEntries()) {
      // None is of a shared mapping, for these have no anonymous pages.
      int done = singles.isEmpty() ? 0 : from.shareSingles(to, i, left, singles.get(), behind);
      i += done;
      if (done < left) {
        i += copyRun(from, to, i, singles.isEmpty() ? from.get(i) : behind[0], parts);
      }
    }
  }

  /** What an entry is, and entries behind it of the same folio. Returns how many. */
  private int copyRun(PteTable from, PteTable to, int index, long raw, Parts parts) {
    if (format.none(raw, Level.PTE)) {
      return 1;
    }
    if (swapEntries.isSwap(raw)) {
      anon.dupSwapped(from, to, index, raw);
      return 1;
    }
    long pfn = system.pfn(raw);
    int inFolio = anon.pagesFrom(pfn);
    boolean shared = parts.shared().get(index);
    int nr = 1;
    if (inFolio > 1) {
      int most = Math.min(inFolio, parts.left(index, from.entries()));
      nr = (shared ? sharedBatch : batch).length(from, index, raw, most);
    }
    dup(pfn, nr);
    // Dirty it is already where it was written (copy_present_pte() of mm/memory.c).
    long copy = shared ? format.mkClean(raw, Level.PTE) : from.wrProtect(index, nr, raw);
    to.set(index, nr, format.mkOld(copy, Level.PTE));
    return nr;
  }

  /** The references before the map counts (R4.5). Pages of files have no mark to lose. */
  private void dup(long pfn, int pages) {
    if (pages > 1) {
      anon.dup(pfn, pages);
    } else if (pfn != system.zeroPfn()) {
      anon.dup(pfn);
    }
  }

  @Override
  public boolean writesAreShared(long firstVa, long lastVa) {
    return mm.mappings().anyIn(firstVa, lastVa, Vma::shared);
  }

  @Override
  public void wrProtect(PteTable table) {
    BitSet shared = partsOf(table).shared();
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

  /**
   * The mappings that a table serves.
   *
   * @param firsts their first entries
   * @param shared all entries of shared ones: none that may be written is cached together with
   *     others, as those are of other folios
   */
  private record Parts(BitSet firsts, BitSet shared) {
    /** How many entries there are from one on to the end of its mapping (R4.27). */
    int left(int index, int entries) {
      int next = firsts.nextSetBit(index + 1);
      return (next < 0 ? entries : next) - index;
    }
  }

  private Parts partsOf(PteTable table) {
    long firstVa = table.firstVa();
    long lastVa = firstVa + table.entries() * mm.pageBytes() - 1;
    Parts parts = new Parts(new BitSet(), new BitSet());
    for (Vma vma : mm.mappings().in(firstVa, lastVa)) {
      Vma part = vma.clip(firstVa, lastVa);
      int first = table.index(part.firstVa());
      parts.firsts().set(first);
      if (vma.shared()) {
        parts.shared().set(first, table.index(part.lastVa()) + 1);
      }
    }
    return parts;
  }

  @Override
  public Pages pages() {
    return new Counted();
  }

  /** Counted once for all tables, for the address space's counters are others' too. */
  private final class Counted implements Pages {
    private long anonPages;
    private long filePages;
    private long swapEntries;

    @Override
    public void add(long note) {
      TableNote of = new TableNote(note);
      anonPages += of.anonPages();
      filePages += of.filePages();
      swapEntries += of.swapEntries();
    }

    @Override
    public void attached() {
      mm.count(anonPages, filePages, swapEntries);
    }

    @Override
    public void dropped() {
      mm.count(-anonPages, -filePages, -swapEntries);
    }
  }
}

package org.mmport.fork;

import java.util.List;
import org.mmport.mm.Fork;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.Vma;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteTable;

/**
 * Copies page tables at once, but entries that map pages of one folio together: one change of its
 * references, one of its map counts and one call to write entries for all of them, as Linux has
 * done since 6.9 ({@code copy_present_ptes()}). Single pages take the way of the eager copy
 * (R4.37).
 */
final class BatchedCopy implements ForkStrategy {
  @Override
  public String name() {
    return "batched";
  }

  @Override
  public void copy(Fork fork) {
    copy(fork, fork.privateVmas());
  }

  /** The same for mappings, or parts of them, alone. */
  static void copy(Fork fork, List<Vma> parts) {
    PteBatch batch = PteBatch.ofCopies(fork.variant());
    for (Vma part : parts) {
      TableRun run = new TableRun(fork, batch, part, fork.variant().geometry().pageBytes());
      fork.eachTable(part, run::copy);
    }
  }

  /** The entries of one mapping. */
  private record TableRun(Fork fork, PteBatch batch, Vma vma, long pageBytes) {
    void copy(PteTable from, PteTable to, int first, int count, long va) {
      for (int i = 0; i < count; ) {
        i += fork.shareSingles(from, to, first + i, count - i);
        if (i < count) {
          i += copyOther(from, to, first + i, va + i * pageBytes, count - i);
        }
      }
    }

    /** An entry that is not of a single page, with those behind it that are of the same folio. */
    private int copyOther(PteTable from, PteTable to, int index, long va, int left) {
      long raw = fork.behind();
      int most = Math.min(fork.pagesOfFolio(raw), left);
      if (most == 1) {
        fork.copyEntry(vma, from, to, index, va, raw);
        return 1;
      }
      int pages = batch.length(from, index, raw, most);
      copyFolio(from, to, index, va, raw, pages);
      return pages;
    }

    /** In several steps only where pages of the folio are pinned. */
    private void copyFolio(PteTable from, PteTable to, int index, long va, long raw, int pages) {
      int done = fork.copyPages(vma, from, to, index, va, raw, pages);
      while (done < pages) {
        int at = index + done;
        done +=
            fork.copyPages(vma, from, to, at, va + done * pageBytes, from.get(at), pages - done);
      }
    }
  }
}

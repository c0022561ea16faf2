package org.mmport.mm;

import java.util.HashMap;
import java.util.Map;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;

/**
 * How many leaves of locked mappings map each page ({@code mlock_count} of folios in Linux). A page
 * has {@link PageFlag#MLOCKED} as long as one does. Guarded by the machine's lock.
 */
final class MlockCounts {
  private final Folios folios;
  private final Map<Long, Integer> leaves = new HashMap<>();

  MlockCounts(Folios folios) {
    this.folios = folios;
  }

  /** Pages that are locked: NR_MLOCK. */
  long pages() {
    return leaves.size();
  }

  /** A mapping maps a page, not that of zeros: {@code mlock_vma_folio()}. */
  void mapped(Vma vma, long pfn) {
    if (vma.locked()) {
      leaves.merge(pfn, 1, Integer::sum);
      folios.set(pfn, PageFlag.MLOCKED);
    }
  }

  /** A mapping maps a page no longer, and has a reference yet: {@code munlock_vma_folio()}. */
  void unmapped(Vma vma, long pfn) {
    if (vma.locked() && leaves.merge(pfn, -1, Integer::sum) == 0) {
      leaves.remove(pfn);
      folios.clear(pfn, PageFlag.MLOCKED);
    }
  }
}

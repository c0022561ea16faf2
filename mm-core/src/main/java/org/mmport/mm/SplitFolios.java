package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Makes large folios into pages, and so frees what nobody maps of them. */
final class SplitFolios {
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;

  SplitFolios(MmSystem system) {
    this.system = system;
    this.folios = system.folios();
    this.format = system.variant().format();
  }

  /**
   * Splits folios of the deferred split queues, the oldest first, until so many pages are free
   * ({@code deferred_split_scan()}). Those that are pinned stay queued. Returns how many are free.
   */
  long queued(long wanted) {
    long freed = 0;
    List<Long> kept = new ArrayList<>();
    for (int node = 0; node < folios.nodes(); node++) {
      while (freed < wanted) {
        OptionalLong head = folios.pollSplit(node);
        if (head.isEmpty()) {
          break;
        }
        if (folios.isSplittable(head.getAsLong())) {
          freed += split(head.getAsLong(), system.lru()::add);
        } else {
          kept.add(head.getAsLong());
        }
      }
    }
    for (long head : kept) {
      folios.queueSplit(head);
      folios.unref(head, 1);
    }
    return freed;
  }

  /**
   * Entries of the last level map it then, or nothing where it is a file's ({@code
   * TTU_SPLIT_HUGE_PMD}).
   */
  void splitLeaves(long head) {
    if (folios.entireMapCount(head) > 0) {
      for (Mapping mapping : system.rmap().ofPage(head)) {
        mapping.mm().hugeLeaves().splitIfMapping(head, mapping.va(folios.index(head)));
      }
    }
  }

  /** The first of its run; for the others that is none any more when the first was taken out. */
  private boolean isInRun(PteTable table, int index, long pfn) {
    long raw = table.get(index);
    return format.present(raw, Level.PTE) && system.pfn(raw) == pfn && table.isInRun(index);
  }

  /**
   * Before a file ends within a folio: what stays is in pages of its own then ({@code
   * truncate_inode_partial_folio()}). Where somebody holds it, it stays one.
   */
  void across(FilePages file, long firstIndex) {
    OptionalLong head = file.findAcross(firstIndex);
    if (head.isPresent()) {
      split(head.getAsLong(), system.lru()::add);
    }
  }

  /**
   * Splits a folio that {@linkplain Folios#isSplittable can be}, and gives the caller's reference
   * back. Returns how many pages that freed, and hands on the others.
   */
  int split(long head, LongConsumer others) {
    boolean cached = folios.is(head, PageFlag.PAGECACHE);
    splitLeaves(head);
    int pages = folios.framesFrom(head);
    List<Long> kept = new ArrayList<>();
    for (long pfn = head; pfn < head + pages; pfn++) {
      if (folios.mapCount(pfn) > 0) {
        unfold(pfn);
        kept.add(pfn);
      } else if (cached) {
        kept.add(pfn);
      }
    }
    if (!cached) {
      folios.split(head);
    } else if (!system.files().get(folios.mapping(head)).split(head)) {
      folios.unref(head, 1);
      others.accept(head);
      return 0;
    }
    folios.unref(head, 1);
    kept.forEach(others::accept);
    return pages - kept.size();
  }

  /**
   * Has no entry cached together with those of other pages, which are none of its folio from now
   * on: emptied and stored anew, as {@code unmap_folio()} and {@code remap_page()} of
   * mm/huge_memory.c have all entries. Only where entries are cached together is it worth that.
   */
  private void unfold(long pfn) {
    for (Mapping mapping : system.rmap().ofPage(pfn)) {
      long va = mapping.va(folios.index(pfn));
      TableUsers users = TableUsers.of(mapping.mm(), va);
      try (PageGather gather = users.gather()) {
        users
            .table(gather)
            .filter(table -> isInRun(table, table.index(va), pfn))
            .ifPresent(table -> unfold(table, table.index(va)));
        gather.flush();
      }
    }
  }

  private static void unfold(PteTable table, int index) {
    table.set(index, 1, table.clear(index, 1));
  }
}

package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.PteView;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Keeps accesses from memory that is there, so that the next one tells who uses it: {@code
 * change_prot_numa()}, as {@code task_numa_work()} of kernel/sched/fair.c does it to a part of a
 * process at a time. Any thread may call it.
 *
 * <p>A hint that is not given costs a fault less, so what would need memory or a split gets none:
 * tables that several processes use, whose private pages Linux passes over as well, because after
 * an eager fork several map each; and leaves that lie in the range in part.
 */
public final class NumaHints {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;

  /** Those of an address space. */
  public NumaHints(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
  }

  /**
   * Gives hints in a range, in which nothing need be mapped.
   *
   * @return how many pages have one that had none
   * @throws InvalidRequestException for an unaligned range, one that is not the user's, or where
   *     the variant cannot keep entries from hardware that stay present
   */
  public long change(long va, long sizeBytes) {
    return mm.locked(() -> change(va, sizeBytes, OptionalInt.empty()));
  }

  /**
   * The same for a process whose only thread runs on a CPU: its private pages on that CPU's node
   * are where they should be.
   *
   * @throws InvalidRequestException as above, and where there is no such CPU
   */
  public long change(long va, long sizeBytes, int cpu) {
    return mm.locked(() -> change(va, sizeBytes, OptionalInt.of(system.numa().node(cpu))));
  }

  private long change(long va, long sizeBytes, OptionalInt targetNode) {
    requireProtnone();
    mm.ranges().requireRange("NUMA hints", va, sizeBytes);
    long before = system.numa().pteUpdates();
    try (PageGather gather = mm.gather()) {
      for (Vma vma : mm.mappings().in(va, va + sizeBytes - 1)) {
        if (isScanned(vma)) {
          new Part(vma.clip(va, va + sizeBytes - 1), targetNode, gather).change();
        }
      }
      gather.flush();
    }
    return system.numa().pteUpdates() - before;
  }

  private void requireProtnone() {
    long none = format.pgprot(Vma.NO_ACCESS);
    if (!format.protnone(format.mkLeaf(0, none, Level.PTE), Level.PTE)) {
      throw new InvalidRequestException(
          "NUMA hints: entries of %s that permit nothing are not told from others; use a variant that has PROT_NONE"
              .formatted(system.variant().id()));
    }
  }

  /**
   * What {@code task_numa_work()} passes over: libraries, which every node has in its caches, and
   * what permits nothing, since its entries look the same.
   */
  private static boolean isScanned(Vma vma) {
    VmaRights rights = vma.rights();
    boolean readOnlyFile =
        vma.backing() instanceof Backing.OfFile && rights.read() && !rights.write();
    return !readOnlyFile && !rights.equals(VmaRights.NONE);
  }

  /** What is changed of one mapping: {@code change_pte_range()}, {@code change_huge_pmd()}. */
  private final class Part {
    private final Vma vma;
    private final OptionalInt targetNode;
    private final PageGather gather;
    private final List<Vma> spans = new ArrayList<>();

    /** The folio that was asked for last: all of its entries come to the same. */
    private long lastHead = -1;

    private boolean lastMay;

    Part(Vma vma, OptionalInt targetNode, PageGather gather) {
      this.vma = vma;
      this.targetNode = vma.shared() ? OptionalInt.empty() : targetNode;
      this.gather = gather;
    }

    /** Looks at all first, for what is changed here is changed by range. */
    void change() {
      long bytes = vma.lastVa() - vma.firstVa() + 1;
      mm.pageTable()
          .hugeEntries()
          .leaves(vma.firstVa(), vma.lastVa(), gather.gather(), this::lookAt);
      mm.pageTable()
          .pteViews(
              vma.firstVa(),
              bytes,
              gather.gather(),
              (table, first, count, at) -> {
                if (!TableUsers.of(mm, at).areSeveral()) {
                  lookAt(table, first, count, at);
                }
              });
      for (Vma span : spans) {
        mm.pageTable()
            .protect(
                span.firstVa(), span.lastVa() - span.firstVa() + 1, Vma.NO_ACCESS, gather.gather());
      }
    }

    private void lookAt(HugeEntry leaf) {
      boolean whole = vma.contains(leaf.firstVa()) && vma.contains(leaf.lastVa());
      if (whole
          && !format.protnone(leaf.get(), leaf.level())
          && mayHintFolio(mm.hugeLeaves().head(leaf))) {
        spans.add(vma.part(leaf.firstVa(), leaf.lastVa()));
        system.numa().updated(mm.hugeLeaves().pages(leaf), 1);
      }
    }

    private void lookAt(PteView table, int first, int count, long va) {
      for (int i = 0; i < count; ) {
        int pages = pages(table, first + i, count - i);
        if (pages > 0) {
          long at = va + i * mm.pageBytes();
          spans.add(vma.part(at, at + pages * mm.pageBytes() - 1));
          system.numa().updated(pages, 0);
        }
        i += Math.max(1, pages);
      }
    }

    /** How many entries from one on get a hint. */
    private int pages(PteView table, int index, int most) {
      int pages = 0;
      while (pages < most && mayHint(table.get(index + pages))) {
        pages++;
      }
      return pages;
    }

    private boolean mayHint(long raw) {
      return format.present(raw, Level.PTE)
          && !format.protnone(raw, Level.PTE)
          && system.pfn(raw) != system.zeroPfn()
          && !(vma.shared() && format.dirty(raw, Level.PTE) && isOfFile(system.pfn(raw)))
          && mayHintFolio(system.pfn(raw));
    }

    private boolean mayHintFolio(long pfn) {
      long head = folios.headOf(pfn);
      if (head != lastHead) {
        lastHead = head;
        lastMay =
            (vma.shared() || !(folios.maybePinned(head) || isMappedShared(head)))
                && !(folios.is(head, PageFlag.DIRTY) && isOfFile(head))
                && (targetNode.isEmpty() || folios.node(head) != targetNode.getAsInt());
      }
      return lastMay;
    }

    /**
     * {@code folio_maybe_mapped_shared()}, by page: Linux, which counts by folio, passes over one
     * too of which others map other pages.
     */
    private boolean isMappedShared(long head) {
      for (long pfn = head; pfn < head + folios.framesFrom(head); pfn++) {
        if (system.rmap().mappers(pfn) > 1) {
          return true;
        }
      }
      return false;
    }

    /**
     * {@code folio_is_file_lru()}: must be written before it can be moved. That it was stored to
     * may be said by its entry only.
     */
    private boolean isOfFile(long pfn) {
      return folios.is(pfn, PageFlag.PAGECACHE)
          && system.files().get(folios.mapping(pfn)).isWrittenBack();
    }
  }
}

package org.mmport.mm;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.mmport.machine.Folios;
import org.mmport.machine.LockRank;
import org.mmport.machine.PageFlag;

/**
 * From pages to those who map them. A page names its owner, a file or a family, and which page of
 * it it is ({@code page->mapping}, {@code page->index}); the owner knows the VMAs that may show it.
 * Whether one does, its page table must tell.
 *
 * <p>A family is processes that descend from one another by fork. Linux keeps an {@code anon_vma}
 * for each VMA and links children's to it; one for each family finds the same mappings, and some
 * VMAs beside them that show other pages of the same number.
 *
 * <p>Any number of threads may add and remove VMAs of address spaces of their own. Whoever looks
 * for some keeps all of these out.
 */
final class Rmap {
  private final Folios folios;
  private final Map<Long, Mappings> byOwner = new ConcurrentHashMap<>();
  private final int pageShift;

  Rmap(Folios folios) {
    this.folios = folios;
    this.pageShift = folios.pageShift();
  }

  /** Keeps note of a family's VMAs. */
  VmaListener listener(AddressSpace mm) {
    return new VmaListener() {
      @Override
      public void added(Vma vma) {
        if (vma.backing() instanceof Backing.OfFile file) {
          add(file.file().id(), Mapping.ofFile(mm, vma, file));
        }
        if (!vma.shared()) {
          add(mm.family(), Mapping.ofAnon(mm, vma, pageShift));
        }
      }

      @Override
      public void removed(Vma vma) {
        if (vma.backing() instanceof Backing.OfFile file) {
          remove(file.file().id(), Mapping.ofFile(mm, vma, file));
        }
        if (!vma.shared()) {
          remove(mm.family(), Mapping.ofAnon(mm, vma, pageShift));
        }
      }
    };
  }

  private void add(long owner, Mapping mapping) {
    Mappings mappings = mappings(owner);
    while (!mappings.add(mapping)) {
      // Its last mapping went since it was found; who took that may not have come to do this yet.
      byOwner.remove(owner, mappings);
      mappings = mappings(owner);
    }
  }

  private Mappings mappings(long owner) {
    Mappings known = byOwner.get(owner);
    return known != null
        ? known
        : byOwner.computeIfAbsent(
            owner, id -> new Mappings(folios.newLock(LockRank.I_MMAP, owner)));
  }

  private void remove(long owner, Mapping mapping) {
    Mappings mappings = mappings(owner);
    if (mappings.remove(mapping)) {
      byOwner.remove(owner, mappings);
    }
  }

  /** Gives a page of a private mapping to the family, to be found again by. */
  void ownAnon(long pfn, AddressSpace mm, Vma vma, long va) {
    folios.setMapping(pfn, mm.family(), Mapping.ofAnon(mm, vma, pageShift).page(va));
  }

  /**
   * One PTE less maps each of so many pages of one folio. A large one that is mapped in part only
   * from then on waits to be split, so that what nobody maps can be freed when memory is short
   * ({@code __folio_remove_rmap()}; R4.20).
   */
  void remove(long pfn, int pages) {
    if (folios.unmapPages(pfn, pages) && folios.is(pfn, PageFlag.ANON)) {
      folios.queueSplit(pfn);
    }
  }

  /** One leaf above a PTE less maps a folio whole ({@code folio_remove_rmap_pmd()}). */
  void removeWhole(long head) {
    if (folios.unmapWhole(head) && folios.is(head, PageFlag.ANON)) {
      folios.queueSplit(head);
    }
  }

  /**
   * How many leaves map a page ({@code folio_precise_page_mapcount()}): one process may have all of
   * a folio by one leaf, and another one pages of it by entries of the last level (R4.16).
   */
  int mappers(long pfn) {
    return folios.mapCount(pfn) + (folios.isLarge(pfn) ? folios.entireMapCount(pfn) : 0);
  }

  /** Whether anybody may map any page of the owner. */
  boolean isMapped(long owner) {
    return byOwner.containsKey(owner);
  }

  /** Who may map any of these pages. */
  List<Mapping> of(long owner, long firstPage, long lastPage) {
    Mappings mappings = byOwner.get(owner);
    return mappings == null ? List.of() : mappings.of(firstPage, lastPage);
  }

  /** Who may map a page. */
  List<Mapping> ofPage(long pfn) {
    long index = folios.index(pfn);
    return of(folios.mapping(pfn), index, index);
  }
}

package org.mmport.scenario;

import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.Vma;

/** Pages in the caches of files, and what must hold of leaves that map them. */
final class FileRecount {
  private final Folios folios;
  private final Map<FilePages, NavigableMap<Long, Long>> cached = new HashMap<>();
  private final Map<Long, Integer> heldByHead = new HashMap<>();

  FileRecount(Folios folios) {
    this.folios = folios;
  }

  private NavigableMap<Long, Long> of(FilePages file) {
    return cached.computeIfAbsent(file, FilePages::cachedFrames);
  }

  /**
   * That a page which is not anonymous is the one that its file has there, at an address of a
   * mapping.
   */
  Optional<String> mapped(Vma vma, long va, long pfn) {
    if (!(vma.backing() instanceof Backing.OfFile backing)) {
      return Optional.of("0x%x maps 0x%x, which is not anonymous".formatted(va, pfn));
    }
    long page = backing.pageOffset() + ((va - vma.firstVa()) >>> folios.pageShift());
    Long there = of(backing.file()).get(page);
    return there != null && there == pfn
        ? Optional.empty()
        : Optional.of(
            "0x%x maps 0x%x, and page %d of %s is %s"
                .formatted(va, pfn, page, backing.file(), there));
  }

  /** The same of so many pages in a row. */
  Optional<String> mappedAll(Vma vma, long va, long pfn, long pages) {
    for (long i = 0; i < pages; i++) {
      Optional<String> wrong = mapped(vma, va + (i << folios.pageShift()), pfn + i);
      if (wrong.isPresent()) {
        return wrong;
      }
    }
    return Optional.empty();
  }

  /** What does not hold of the caches of files. */
  Optional<String> broken(Set<FilePages> files) {
    for (FilePages file : files) {
      for (Map.Entry<Long, Long> page : of(file).entrySet()) {
        long pfn = page.getValue();
        heldByHead.merge(folios.headOf(pfn), 1, Integer::sum);
        if (folios.mapping(pfn) != file.id()
            || folios.index(pfn) != page.getKey()
            || !folios.is(pfn, PageFlag.PAGECACHE)
            || page.getKey() >= file.sizePages()) {
          return Optional.of(
              "page %d of %s, of %d pages, is 0x%x, which says that it is page %d of %d"
                  .formatted(
                      page.getKey(),
                      file,
                      file.sizePages(),
                      pfn,
                      folios.index(pfn),
                      folios.mapping(pfn)));
        }
      }
    }
    return references();
  }

  /** Others may hold some too: those are missed at the end if they were lost. */
  private Optional<String> references() {
    for (Map.Entry<Long, Integer> folio : heldByHead.entrySet()) {
      long head = folio.getKey();
      int maps = folios.totalMapCount(head);
      if (folios.refCount(head) < folio.getValue() + maps) {
        return Optional.of(
            "folio 0x%x has %d references, %d pages in the cache and %d mapcounts"
                .formatted(head, folios.refCount(head), folio.getValue(), maps));
      }
    }
    return Optional.empty();
  }
}

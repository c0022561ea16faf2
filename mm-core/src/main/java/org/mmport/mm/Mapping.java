package org.mmport.mm;

/**
 * A VMA of an address space, as reverse maps keep it: by the numbers of the pages that it shows.
 *
 * @param firstPage number of the VMA's first page in what it shows; see {@link #ofFile} and {@link
 *     #ofAnon}
 */
record Mapping(AddressSpace mm, Vma vma, long firstPage, int pageShift) {

  /** Pages count from the start of the file. */
  static Mapping ofFile(AddressSpace mm, Vma vma, Backing.OfFile backing) {
    return new Mapping(mm, vma, backing.pageOffset(), backing.file().pageShift());
  }

  /**
   * Pages count as {@code linear_page_index()} does: those of a file as in the file, others by the
   * address at which they were mapped first.
   */
  static Mapping ofAnon(AddressSpace mm, Vma vma, int pageShift) {
    return switch (vma.backing()) {
      case Backing.OfFile file -> ofFile(mm, vma, file);
      case Backing.Anonymous anon -> new Mapping(mm, vma, anon.firstVa() >>> pageShift, pageShift);
    };
  }

  long lastPage() {
    return firstPage + vma.pages(pageShift) - 1;
  }

  /** Where a page is, which must be one of these. */
  long va(long page) {
    return vma.firstVa() + ((page - firstPage) << pageShift);
  }

  /** The number of the page at an address, which must be one of the VMA. */
  long page(long va) {
    return firstPage + ((va - vma.firstVa()) >>> pageShift);
  }
}

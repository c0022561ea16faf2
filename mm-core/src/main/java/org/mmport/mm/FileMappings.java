package org.mmport.mm;

/** What a file needs of those that map it; each is called without a lock of the file's. */
public interface FileMappings {
  /** Of a file that nobody maps. */
  FileMappings NONE =
      new FileMappings() {
        @Override
        public boolean makeClean(FilePages file, long index, long pfn, int pages) {
          return false;
        }

        @Override
        public void unmap(FilePages file, long firstIndex, long lastIndex) {
          // Nobody does.
        }
      };

  /**
   * Cleans and write-protects every shared mapping of pages of a folio, with the flushes that needs
   * ({@code folio_mkclean}).
   *
   * @param pfn of the first
   * @return whether one of them was dirty
   */
  boolean makeClean(FilePages file, long index, long pfn, int pages);

  /**
   * Unmaps pages of a file everywhere, private copies of them included ({@code
   * unmap_mapping_range}).
   *
   * @param lastIndex the last page; those from firstIndex to it are meant
   */
  void unmap(FilePages file, long firstIndex, long lastIndex);
}

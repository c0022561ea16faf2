package org.mmport.mm;

import java.util.List;

/** Who may map pages of one kind: a file's ({@code i_mmap}), or a family's ({@code anon_vma}). */
final class Mappings {
  private final IntervalTree<Mapping> tree = new IntervalTree<>();

  void add(Mapping mapping) {
    tree.add(mapping.firstPage(), mapping.lastPage(), mapping);
  }

  void remove(Mapping mapping) {
    tree.remove(mapping.firstPage(), mapping.lastPage(), mapping);
  }

  /** Those that show any of these pages. */
  List<Mapping> of(long firstPage, long lastPage) {
    return tree.overlapping(firstPage, lastPage);
  }

  boolean isEmpty() {
    return tree.isEmpty();
  }
}

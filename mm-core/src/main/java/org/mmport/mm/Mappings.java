package org.mmport.mm;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who may map pages of one kind: a file's ({@code i_mmap}), or a family's ({@code anon_vma}). Those
 * who add and remove some have its lock ({@code i_mmap_rwsem}); those who keep all of them out need
 * not.
 */
final class Mappings {
  private final ReentrantLock lock;
  private final IntervalTree<Mapping> tree = new IntervalTree<>();
  private boolean gone;

  /** None yet. */
  Mappings(ReentrantLock lock) {
    this.lock = lock;
  }

  /** False where it has gone with its last mapping, and another must be asked. */
  boolean add(Mapping mapping) {
    lock.lock();
    try {
      if (!gone) {
        tree.add(mapping.firstPage(), mapping.lastPage(), mapping);
      }
      return !gone;
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether that was the last, with which it goes. */
  boolean remove(Mapping mapping) {
    lock.lock();
    try {
      tree.remove(mapping.firstPage(), mapping.lastPage(), mapping);
      gone = tree.isEmpty();
      return gone;
    } finally {
      lock.unlock();
    }
  }

  /** Those that show any of these pages. For those who keep all others out. */
  List<Mapping> of(long firstPage, long lastPage) {
    return tree.overlapping(firstPage, lastPage);
  }
}

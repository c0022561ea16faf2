package org.mmport.machine;

/**
 * Told of each thing that threads do to one another, before it is done: whoever returns from it
 * late makes another thread go first. One for each machine, given to its {@link PhysicalMemory}.
 * Machines outside of tests have {@link #NONE}, which is as if nothing were told.
 *
 * <p>What is told is what has no lock, and locks themselves: CPUs walk tables and mark entries
 * while the core changes them, counts of folios go up and down. Bytes of pages are not told of;
 * those of user code are touched under the CPU's lock, which is. Nor is what a visit of whole
 * tables passes over because it is empty: who looks at everything is alone.
 */
public interface Steps {
  /** What is done to an entry, or to the counts and flags of a folio. */
  enum Kind {
    LOAD,
    STORE,
    /** A load and a store in one: compare-and-set, fetch-and-add, fetch-and-or. */
    UPDATE
  }

  /** Nobody listens. */
  Steps NONE =
      new Steps() {
        @Override
        public void entry(Kind kind, long hostAddr) {
          // Nothing is done.
        }

        @Override
        public void folio(Kind kind, long pfn) {
          // Nothing is done.
        }

        @Override
        public void acquire(LockName lock) {
          // Nothing is done.
        }

        @Override
        public void release(LockName lock) {
          // Nothing is done.
        }
      };

  /**
   * An entry of a table, or half of one where it takes two stores, is about to be touched.
   *
   * @param hostAddr where the machine we run on has it
   */
  void entry(Kind kind, long hostAddr);

  /** References, mapcounts or flags of a folio are about to be touched, by any of its frames. */
  void folio(Kind kind, long pfn);

  /** A lock is about to be taken; when this returns, it must be free or the caller's already. */
  void acquire(LockName lock);

  /** A lock has been given back. Throws nothing: it is called where others clean up. */
  void release(LockName lock);

  /** The same of a lock that is about to be shared: when this returns, nobody may have it alone. */
  default void acquireShared(LockName lock) {
    acquire(lock);
  }

  /** What was shared has been given back. Throws nothing. */
  default void releaseShared(LockName lock) {
    release(lock);
  }
}

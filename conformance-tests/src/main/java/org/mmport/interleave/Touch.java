package org.mmport.interleave;

import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.Steps;

/** What a thread is about to do when it can be cut. */
sealed interface Touch {
  /** Its first step is still to come. */
  record Begin() implements Touch {
    @Override
    public String toString() {
      return "its begin";
    }
  }

  /** It has ended. */
  record End() implements Touch {
    @Override
    public String toString() {
      return "its end";
    }
  }

  /** An entry of a table, or half of one. */
  record Entry(Steps.Kind kind, long physAddr) implements Touch {
    @Override
    public String toString() {
      return "%s of the entry at 0x%x".formatted(kind, physAddr);
    }
  }

  /** Counts or flags of a folio. */
  record Folio(Steps.Kind kind, long pfn) implements Touch {
    @Override
    public String toString() {
      return "%s of what counts folio 0x%x".formatted(kind, pfn);
    }
  }

  /** Taking a lock, alone or with others who share it. */
  record Lock(LockName name, boolean shared) implements Touch {
    @Override
    public String toString() {
      return (shared ? "sharing lock " : "lock ") + name;
    }
  }

  /** Names what is touched: the same number for the same place in every run. */
  default long place() {
    return switch (this) {
      case Begin begin -> -1;
      case End end -> -2;
      case Entry entry -> entry.physAddr << 2;
      case Folio folio -> folio.pfn << 2 | 1;
      case Lock lock -> (lock.name.number() << 8 | lock.name.rank().ordinal()) << 2 | 2;
    };
  }

  /** Whether it changes nothing that others can see. */
  default boolean onlyLoads() {
    return switch (this) {
      case Entry entry -> entry.kind == Steps.Kind.LOAD;
      case Folio folio -> folio.kind == Steps.Kind.LOAD;
      case Lock lock -> lock.shared;
      case Begin begin -> true;
      case End end -> true;
    };
  }

  /**
   * Whether others may care though they never touch the place: an access of user code goes to bytes
   * of pages, of which nobody is told, under its CPU's lock.
   */
  default boolean alwaysMatters() {
    return this instanceof Lock lock && lock.name.rank() == LockRank.CPU;
  }
}

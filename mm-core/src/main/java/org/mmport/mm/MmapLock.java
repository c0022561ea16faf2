package org.mmport.mm;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.mmport.machine.LockRank;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PercpuRwLock;
import org.mmport.machine.SinglePages;

/**
 * What one address space locks, and for what: the one place where that is decided
 * (docs/design/locking.md). Changes of its mappings keep out all others of this address space
 * ({@code mmap_write_lock()}) while other address spaces go on; faults share it ({@code
 * mmap_read_lock()}). What reaches into other address spaces keeps out everybody on the machine.
 */
final class MmapLock {
  private final AddressSpace mm;
  private final MmSystem system;
  private final PercpuRwLock own;

  MmapLock(AddressSpace mm, long number) {
    this.mm = mm;
    this.system = mm.system();
    this.own = new PercpuRwLock(system.memory().steps(), LockRank.MMAP, number);
  }

  /** With everybody else out, whatever address space they are at; again, once room was made. */
  <T> T alone(Supplier<T> operation) {
    system.lock.lock();
    try {
      mm.requireOpen();
      return system.withRoom(operation);
    } finally {
      system.lock.unlock();
    }
  }

  /**
   * Changes mappings of a range with all others of this address space out, beside those of others.
   * That is enough where tables and what is counted by table are this address space's own, and
   * nothing is locked in memory, which is counted for the machine. Where it is not, and where room
   * must be made in memory, the machine is had alone.
   */
  <T> T changing(long va, long sizeBytes, Supplier<T> operation) {
    return beside(() -> isUnlocked(va, sizeBytes), operation);
  }

  /** The same for a mapping that is new, of which nothing is locked yet. */
  <T> T adding(Supplier<T> operation) {
    return beside(() -> true, operation);
  }

  private <T> T beside(BooleanSupplier isEnough, Supplier<T> operation) {
    int slot = system.lock.lockShared();
    try {
      own.lock();
      try {
        mm.requireOpen();
        if (!mm.pageTable().mayShare() && isEnough.getAsBoolean()) {
          return operation.get();
        }
      } catch (OutOfFramesException e) {
        // Nothing changed. Whoever has the machine alone can make room.
      } finally {
        own.unlock();
      }
    } finally {
      system.lock.unlockShared(slot);
    }
    return alone(operation);
  }

  private boolean isUnlocked(long va, long sizeBytes) {
    if (!mm.ranges().isRange(va, sizeBytes)) {
      return false;
    }
    for (Vma vma : mm.mappings().in(va, va + sizeBytes - 1)) {
      if (vma.locked()) {
        return false;
      }
    }
    return true;
  }

  /** Faults, beside other faults of this address space and whatever others do. */
  <T> T sharing(Supplier<T> fault) {
    int slot = system.lock.lockShared();
    try {
      int ownSlot = own.lockShared();
      try {
        mm.requireOpen();
        return fault.get();
      } finally {
        own.unlockShared(ownSlot);
      }
    } finally {
      system.lock.unlockShared(slot);
    }
  }

  /**
   * Pages that nobody else can count while this address space's are unmapped: all, or those that
   * are its own.
   */
  SinglePages singlePages() {
    if (system.lock.isHeldAlone()) {
      return system.singlePages();
    }
    if (!own.isHeldAlone()) {
      throw new IllegalStateException("counts a process's pages beside it: take its lock alone");
    }
    return system.ownPages();
  }

  /**
   * How many times somebody may have changed what a fault looks at. For those who hold either lock:
   * if it is the same as when they did last, nobody had either alone in between.
   */
  long turns() {
    return system.lock.turns() + own.turns();
  }
}

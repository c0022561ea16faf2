package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;
import org.mmport.machine.TableAllocator;
import org.mmport.machine.TableDescriptors;
import org.mmport.mm.AddressSpace;
import org.mmport.pgtable.WalkStep;
import org.mmport.spi.Level;

/**
 * Knows which locks each thread has, and what it may store to tables and change of folios with
 * these. It asks nobody but the machine's own words of locks taken and given back, and tables as
 * hardware finds them.
 */
final class LockAudit implements Steps {
  private final ThreadLocal<List<Held>> held = ThreadLocal.withInitial(ArrayList::new);
  private final AtomicReference<Optional<String>> broken = new AtomicReference<>(Optional.empty());
  private volatile Optional<Watch> watch = Optional.empty();

  /** One that a thread has, alone or with others. */
  private record Held(LockName lock, boolean shared) {
    @Override
    public String toString() {
      return shared ? lock + " (shared)" : lock.toString();
    }
  }

  /** A machine and all address spaces on it. */
  private record Watch(
      PhysicalMemory.Extent memory, TableDescriptors tables, List<AddressSpace> spaces) {

    long physAddr(long hostAddr) {
      return memory.base() + (hostAddr - memory.bytes().address());
    }

    /** The table that has an entry; empty for entries of what is no table. */
    Optional<Long> tableOf(long physAddr) {
      List<Long> found = new ArrayList<>();
      tables.forEachInFrame(
          physAddr,
          id -> {
            if (tables.tableAddr(id) <= physAddr) {
              found.add(id);
            }
          });
      return found.isEmpty() ? Optional.empty() : Optional.of(found.getLast());
    }

    /** Whether an address space other than that of a number gets to a table. */
    boolean isOfOther(long id, long context) {
      long va = tables.firstVa(id);
      Level level = tables.level(id);
      long tableAddr = tables.tableAddr(id);
      return spaces.stream()
          .filter(space -> space.context().id() != context)
          .anyMatch(
              space ->
                  space.pageTable().walker().walk(va).steps().stream()
                      .anyMatch(step -> isOf(step, level, tableAddr)));
    }

    private static boolean isOf(WalkStep step, Level level, long tableAddr) {
      return step.level() == level && step.tableAddr() == tableAddr;
    }
  }

  /** Judges stores to tables from now on, until it is told otherwise. */
  void watch(PhysicalMemory memory, FrameAllocator frames, List<AddressSpace> spaces) {
    watch =
        Optional.of(
            new Watch(
                memory.mainExtent(),
                new TableAllocator(frames).descriptors(),
                List.copyOf(spaces)));
  }

  void watchNoMore() {
    watch = Optional.empty();
  }

  /** The first thing that was done without the lock for it. */
  Optional<String> broken() {
    return broken.get();
  }

  /** What the calling thread has. */
  List<String> held() {
    return held.get().stream().map(Held::toString).toList();
  }

  @Override
  public void entry(Kind kind, long hostAddr) {
    if (kind != Kind.LOAD) {
      watch.flatMap(on -> refusal(on, on.physAddr(hostAddr))).ifPresent(this::note);
    }
  }

  private void note(String reason) {
    broken.compareAndSet(Optional.empty(), Optional.of(reason));
  }

  private Optional<String> refusal(Watch on, long physAddr) {
    return on.tableOf(physAddr)
        .filter(id -> !mayStore(on, id))
        .map(
            id ->
                "a store to an entry of %s table %d with %s"
                    .formatted(on.tables().level(id), id, held.get()));
  }

  /**
   * Who has the machine alone may store anywhere; who has an address space alone, wherever no other
   * one gets to. Who shares it, as faults do, needs the lock of the table, or that of new tables.
   * Hardware marks entries, and hash faults do as it does.
   */
  private boolean mayStore(Watch on, long id) {
    for (Held one : held.get()) {
      boolean enough =
          switch (one.lock().rank()) {
            case SYSTEM -> !one.shared();
            case MMAP -> !one.shared() && !on.isOfOther(id, one.lock().number());
            case PAGE_TABLES ->
                on.tables().level(id) != Level.PTE || on.tables().liveEntries(id) == 0;
            case PTE_TABLE -> one.lock().number() == id;
            case CPU, HASH_TABLE -> true;
            default -> false;
          };
      if (enough) {
        return true;
      }
    }
    return false;
  }

  private boolean hasMachine() {
    return held.get().stream().anyMatch(one -> one.lock().rank() == LockRank.SYSTEM);
  }

  @Override
  public void folio(Kind kind, long pfn) {
    if (kind != Kind.LOAD && watch.isPresent() && !hasMachine()) {
      note("a change of counts or flags of folio 0x%x with %s".formatted(pfn, held.get()));
    }
  }

  @Override
  public void acquire(LockName lock) {
    held.get().add(new Held(lock, false));
  }

  @Override
  public void acquireShared(LockName lock) {
    held.get().add(new Held(lock, true));
  }

  @Override
  public void release(LockName lock) {
    held.get().remove(new Held(lock, false));
  }

  @Override
  public void releaseShared(LockName lock) {
    held.get().remove(new Held(lock, true));
  }
}

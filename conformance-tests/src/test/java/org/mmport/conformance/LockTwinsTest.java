package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.mmport.cpu.CpuSet;
import org.mmport.interleave.ForwardingSteps;
import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.Steps;
import org.mmport.mm.KernelUpkeep;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TlbDuty;

/**
 * Cores with one thing wrong about locks, each seen by a clause of area LOCK: cores that do not
 * take one, or keep it, or take one for another, as they would sound, and one that really has all
 * wait.
 */
class LockTwinsTest {
  private static void fails(
      String clause, String variant, UnaryOperator<Steps> core, String reason) {
    Throwable seen =
        assertThrows(
                InvocationTargetException.class,
                () -> run(clause, Breaker.good(variant), core),
                clause + " sees nothing")
            .getCause();
    assertTrue(String.valueOf(seen).contains(reason), String.valueOf(seen));
    assertDoesNotThrow(() -> run(clause, Breaker.good(variant), UnaryOperator.identity()));
  }

  private static void run(String clause, MmuVariant variant, UnaryOperator<Steps> core)
      throws ReflectiveOperationException {
    ClauseInfo info = ClauseCatalog.byId(clause);
    try (ClauseContext context =
        new ClauseContext(
            info, variant, 1, HardwareUse.OFF, CpuSet::flusher, KernelUpkeep.FULL, core)) {
      info.method().invoke(null, context);
    }
  }

  /** One that does without some locks. */
  private static UnaryOperator<Steps> without(Predicate<LockName> some) {
    return to ->
        new ForwardingSteps(to) {
          @Override
          public void acquire(LockName lock) {
            if (!some.test(lock)) {
              super.acquire(lock);
            }
          }

          @Override
          public void release(LockName lock) {
            if (!some.test(lock)) {
              super.release(lock);
            }
          }
        };
  }

  private static UnaryOperator<Steps> without(LockRank rank) {
    return without(lock -> lock.rank() == rank);
  }

  /** One that takes a lock of one kind where it should take another, and the other way round. */
  private static UnaryOperator<Steps> swapping(LockRank one, LockRank other) {
    return to ->
        new ForwardingSteps(to) {
          private LockName swapped(LockName lock) {
            return lock.rank() == one
                ? new LockName(other, lock.number())
                : lock.rank() == other ? new LockName(one, lock.number()) : lock;
          }

          @Override
          public void acquire(LockName lock) {
            super.acquire(swapped(lock));
          }

          @Override
          public void release(LockName lock) {
            super.release(swapped(lock));
          }
        };
  }

  @Test
  void locksInOppositeOrder() {
    fails(
        "LOCK-01",
        "x86_64/4level",
        swapping(LockRank.TABLE_MEMORY, LockRank.NODE),
        "takes table memory 0 while it holds node 0");
    fails(
        "LOCK-01",
        "arm64/4k-va48",
        swapping(LockRank.PAGE_TABLES, LockRank.NODE),
        "page tables comes before table memory");
  }

  @Test
  void entriesChangedWithoutTheLockOfTheirTable() {
    fails("LOCK-02", "x86_64/4level", without(LockRank.PTE_TABLE), "a store to an entry of PTE");
  }

  @Test
  void pagesCountedWithoutTheMachine() {
    fails("LOCK-10", "x86_64/4level", without(LockRank.SYSTEM), "counts or flags of folio");
  }

  @Test
  void tablesHookedWithoutTheirLock() {
    fails("LOCK-02", "x86/pae", without(LockRank.PAGE_TABLES), "a store to an entry of PGD");
  }

  @Test
  void mappingsChangedWithoutTheirLock() {
    fails("LOCK-02", "arm64/4k-va48", without(LockRank.MMAP), "[system 0 (shared)");
  }

  /** Whoever has one address space alone has not the other. */
  @Test
  void mappingsChangedWithTheLockOfAnother() {
    UnaryOperator<Steps> mistaken =
        to ->
            new ForwardingSteps(to) {
              private LockName other(LockName lock) {
                return lock.rank() == LockRank.MMAP
                    ? new LockName(lock.rank(), lock.number() ^ 1)
                    : lock;
              }

              @Override
              public void acquire(LockName lock) {
                super.acquire(other(lock));
              }

              @Override
              public void release(LockName lock) {
                super.release(other(lock));
              }
            };
    fails("LOCK-02", "x86_64/4level", mistaken, "a store to an entry of");
  }

  /** What throws leaves it behind, for good. */
  @Test
  void locksThatAreKept() {
    UnaryOperator<Steps> keeping =
        to ->
            new ForwardingSteps(to) {
              @Override
              public void releaseShared(LockName lock) {}
            };
    fails("LOCK-03", "x86_64/4level", keeping, "system 0 (shared)");
  }

  @Test
  void pagesThatCpusFindAfterAnUnmap() {
    MmuVariant deaf =
        Breaker.good("arm64/4k-va48").withTlbRules((oldRaw, newRaw, level) -> TlbDuty.NONE);
    MmClauseTwinsTest.fails("LOCK-04", deaf, "flush before freeing");
    MmClauseTwinsTest.fails("LOCK-05", deaf, "flush before freeing");
    MmClauseTwinsTest.fails("LOCK-06", deaf, "");
    MmClauseTwinsTest.fails("LOCK-08", deaf, "flush before freeing");
  }

  /** A port that keeps something between two calls serves one thread at a time. */
  @Test
  void portsThatKeepWhatTheyWereAskedLast() {
    MmuVariant good = Breaker.good("x86_64/4level");
    FilterFormat forgetful =
        new FilterFormat(good.format()) {
          private volatile long last;

          @Override
          public long mkLeaf(long physAddr, long pgprot, Level level) {
            last = physAddr;
            LockSupport.parkNanos(200_000);
            return super.mkLeaf(last, pgprot, level);
          }
        };
    MmClauseTwinsTest.fails("LOCK-06", good.withFormat(forgetful), "");
  }

  /** What comes of it, LOCK-05 and LOCK-08 see in cores that are changed by hand; no port can. */
  @Test
  void whatIsSharedChangedWithoutItsLock() {
    fails("LOCK-09", "x86_64/4level", without(LockRank.I_MMAP), "to take lock i_mmap");
    fails("LOCK-09", "arm64/4k-va48", without(LockRank.TABLE_MEMORY), "take lock table memory");
    fails("LOCK-09", "x86/pae", without(LockRank.SWAP_CACHE), "to take lock swap cache");
    fails("LOCK-09", "ppc64/hash-4k", without(LockRank.NODE), "to take lock node");
  }

  /** As it was when there was one lock for all. */
  @Test
  void oneLockForAllAddressSpaces() {
    UnaryOperator<Steps> one =
        to ->
            new ForwardingSteps(to) {
              private final ReentrantLock all = new ReentrantLock();

              @Override
              public void acquireShared(LockName lock) {
                if (lock.rank() == LockRank.SYSTEM) {
                  all.lock();
                }
                super.acquireShared(lock);
              }

              @Override
              public void releaseShared(LockName lock) {
                super.releaseShared(lock);
                if (lock.rank() == LockRank.SYSTEM) {
                  all.unlock();
                }
              }
            };
    fails("LOCK-07", "x86_64/4level", one, "it waits until that ends");
  }
}

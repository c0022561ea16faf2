package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.cpu.CpuSet;
import org.mmport.cpu.MmContext;
import org.mmport.mm.KernelUpkeep;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.TlbFlusher;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** The kernel's half with one thing wrong, which the clause that is meant for it must see. */
class KernTwinsTest {
  private static void fails(String clause, MmuVariant variant, KernelUpkeep upkeep, String reason) {
    Throwable seen =
        assertThrows(
                InvocationTargetException.class,
                () -> run(clause, variant, upkeep),
                clause + " sees nothing")
            .getCause();
    assertTrue(String.valueOf(seen).contains(reason), String.valueOf(seen));
  }

  private static void run(String clause, MmuVariant variant, KernelUpkeep upkeep)
      throws ReflectiveOperationException {
    ClauseInfo info = ClauseCatalog.byId(clause);
    try (ClauseContext context =
        new ClauseContext(info, variant, 1, HardwareUse.OFF, CpuSet::flusher, upkeep)) {
      info.method().invoke(null, context);
    }
  }

  private static KernelUpkeep noCopies() {
    return new KernelUpkeep() {
      @Override
      public void copy(
          PageTable kernel, PageTable process, long va, long lastVa, MmuGather gather) {}
    };
  }

  /** Where entries are preallocated or the kernel has a root, there is nothing to be copied. */
  @ParameterizedTest
  @ValueSource(strings = {"x86/pae", "x86_64/4level", "x86_64/la57", "arm64/4k-va48"})
  void nothingNeedsCopies(String variant) {
    assertDoesNotThrow(() -> run("KERN-10", Breaker.good(variant), noCopies()));
    assertDoesNotThrow(() -> run("KERN-11", Breaker.good(variant), noCopies()));
  }

  @Test
  void entriesThatAreNotPropagated() {
    fails("KERN-10", Breaker.good("x86/2level"), noCopies(), "from CPU 0 to CPU 1");
  }

  @Test
  void entriesThatStayWhereTheyWereCopiedTo() {
    KernelUpkeep sticky =
        new KernelUpkeep() {
          @Override
          public void copy(
              PageTable kernel, PageTable process, long va, long lastVa, MmuGather gather) {
            if (kernel.translate(va) != TableWalker.NOT_MAPPED) {
              process.copyKernelEntries(kernel, va, lastVa, gather);
            }
          }
        };
    fails("KERN-11", Breaker.good("x86/2level"), sticky, "the way to end");
  }

  private static KernelUpkeep flushing(CpuFlushes flushes) {
    return new KernelUpkeep() {
      @Override
      public TlbFlusher flusher(CpuSet cpus, MmContext kernel) {
        return flushes.flusher(cpus, kernel);
      }
    };
  }

  private static FlushRequest notGlobal(FlushRequest request) {
    return new FlushRequest(request.firstVa(), request.lastVa(), request.duty(), false);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x86/pae", "x86/2level", "x86_64/4level", "x86_64/la57", "arm64/16k-va47"})
  void flushesOfOneAddressSpace(String variant) {
    KernelUpkeep one =
        flushing((cpus, kernel) -> request -> cpus.flusher(kernel).flush(notGlobal(request)));
    fails("KERN-11", Breaker.good(variant), one, "no stale translation");
    fails("KERN-12", Breaker.good(variant), one, "every CPU to fault");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x86/2level", "x86_64/4level", "arm64/4k-va48", "ppc64/radix-4k", "ppc64/hash-4k"})
  void flushesOfOneCpu(String variant) {
    KernelUpkeep one = flushing((cpus, kernel) -> cpus.localFlusher(kernel, cpus.cpu(0)));
    fails("KERN-11", Breaker.good(variant), one, "no stale translation");
    fails("KERN-12", Breaker.good(variant), one, "every CPU to fault");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86/pae", "arm64/64k-va48", "ppc64/radix-64k", "ppc64/hash-64k-2006"})
  void flushesThatAreForgotten(String variant) {
    KernelUpkeep none = flushing((cpus, kernel) -> request -> {});
    fails("KERN-12", Breaker.good(variant), none, "every CPU to fault");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86/pae",
        "x86/2level",
        "x86_64/4level",
        "arm64/4k-va48",
        "ppc64/radix-4k",
        "ppc64/hash-64k"
      })
  void exitsThatFreeTheKernelsTables(String variant) {
    KernelUpkeep greedy =
        new KernelUpkeep() {
          @Override
          public void end(PageTable kernel, PageTable process) {
            process.close();
            kernel.close();
          }
        };
    fails("KERN-05", Breaker.good(variant), greedy, "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86/2level",
        "x86_64/la57",
        "arm64/4k-va39",
        "ppc64/radix-64k",
        "ppc64/hash-4k-2006"
      })
  void linearMapsThatUsersReach(String variant) {
    MmuVariant good = Breaker.good(variant);
    PteFormat open =
        new FilterFormat(good.format()) {
          @Override
          public long pgprot(Protection protection) {
            return protection.owner() == TableOwner.KERNEL
                ? super.pgprot(Protection.PAGE_SHARED)
                : super.pgprot(protection);
          }

          @Override
          public long mkTable(long physAddr, Level level, TableOwner owner) {
            return super.mkTable(physAddr, level, TableOwner.USER);
          }
        };
    MmuVariant broken = good.withFormat(open);
    fails("KERN-03", broken, KernelUpkeep.FULL, "USER_READ");
    fails("KERN-02", broken, KernelUpkeep.FULL, "for the kernel alone");
  }
}

package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.cpu.CpuCounts;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.LockName;
import org.mmport.machine.Steps;
import org.mmport.machine.Steps.Kind;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.MmuGather;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.ScenarioCheck;
import org.mmport.scenario.Script;
import org.mmport.spi.BatchOps;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.KnownRuns;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.NaiveRuns;

/**
 * Ways to have contiguous entries, behind one interface: hidden from the core, known to it, and
 * without batches. What they do comes to the same; what it takes does not.
 */
class ContpteWaysTest {
  private static final int PAGES = 64;

  private static MmuVariant good() {
    return Breaker.good("arm64/4k-va48");
  }

  private static ContiguousRuns runs(MmuVariant variant) {
    return (ContiguousRuns) variant.batchOps();
  }

  @ParameterizedTest
  @ValueSource(strings = {"arm64/4k-va48", "arm64/4k-va48-noafdbm", "arm64/16k-va47"})
  void processesCannotTellThemApart(String id) {
    MmuVariant variant = Breaker.good(id);
    for (BatchOps way :
        List.<BatchOps>of(
            new NaiveRuns(runs(variant)),
            new KnownRuns(runs(variant)),
            new KnownRuns(runs(variant)).ofEntries(4),
            new KnownRuns(runs(variant)).ofEntries(1))) {
      ScenarioCheck check = new ScenarioCheck(() -> new MmBench(variant.withBatchOps(way)));
      Optional<String> failure =
          check
              .random(7, 2_000, 50)
              .map(check::shrink)
              .map(f -> f.reason() + ": " + String.join("; ", Script.write(f.steps())));
      assertEquals(Optional.empty(), failure, way.toString());
    }
  }

  /**
   * What is measured of a way.
   *
   * @param reads of entries, to look at each
   * @param forkReads of entries, in a batched fork
   * @param forkWrites the same
   * @param walks by a CPU that loads from every page
   * @param young pages that are reported so after two were loaded from
   */
  private record Measured(int reads, int forkReads, int forkWrites, long walks, int young) {}

  /** Counts loads and changes of entries. */
  private static Measured measure(MmuVariant variant) {
    StepTally tally = new StepTally();
    try (MmBench bench = new MmBench(variant, tally)) {
      bench.system().useFolios(List.of(Integer.numberOfTrailingZeros(PAGES)));
      AddressSpace space = bench.system().create();
      long page = variant.geometry().pageBytes();
      long va =
          space.mmap(
              MmapRequest.anonymous(PAGES * page, VmaRights.READ_WRITE).at(PAGES * page * 1024));
      UserCpu cpu = new UserCpu(space, 0);
      cpu.store(va, (byte) 1);
      space.lazyFree(va, PAGES * page);
      int young = young(space, va, page, cpu);
      tally.take();
      look(space, va, variant);
      int reads = tally.take().entries(Kind.LOAD);
      CpuCounts before = bench.system().cpus().counts();
      for (int i = 0; i < PAGES; i++) {
        new UserCpu(space, 1).load(va + i * page);
      }
      long walks = bench.system().cpus().counts().walks() - before.walks();
      tally.take();
      space.fork(ForkStrategies.named("batched"));
      StepTally.Counts fork = tally.take();
      return new Measured(
          reads,
          fork.entries(Kind.LOAD),
          fork.entries(Kind.UPDATE) + fork.entries(Kind.STORE),
          walks,
          young);
    }
  }

  private static void look(AddressSpace space, long va, MmuVariant variant) {
    try (MmuGather gather = space.pageTable().gather(request -> {})) {
      var table = space.pageTable().pteView(va, gather).orElseThrow();
      for (int i = 0; i < PAGES; i++) {
        table.get(table.index(va + i * variant.geometry().pageBytes()));
      }
      gather.flush();
    }
  }

  /** After two pages of one block were read, of memory none of which had been. */
  private static int young(AddressSpace space, long va, long page, UserCpu cpu) {
    cpu.load(va + 21 * page);
    cpu.load(va + 22 * page);
    int young = 0;
    try (MmuGather gather = space.pageTable().gather(request -> {})) {
      var table = space.pageTable().pteView(va, gather).orElseThrow();
      for (int i = 0; i < PAGES; i++) {
        long raw = table.get(table.index(va + i * page));
        young += space.system().variant().format().young(raw, Level.PTE) ? 1 : 0;
      }
      gather.flush();
    }
    return young;
  }

  /**
   * Should the core know of contiguous entries? What there is to gain and to lose, in counts: the
   * table in docs/design/fork.md.
   */
  @Test
  void whatTheCoreGainsByKnowing() {
    MmuVariant variant = good();
    KnownRuns known = new KnownRuns(runs(variant));
    // Looking at an entry that hides its block reads all of that; which page was used it cannot
    // say.
    assertEquals(new Measured(1091, 174, 131, 4, 16), measure(variant));
    // Read once each. One page is marked for all that the CPU then has cached.
    assertEquals(new Measured(67, 78, 131, 4, 1), measure(variant.withBatchOps(known)));
    // Smaller blocks where they are asked for: more walks, and no page-exact marks yet.
    assertEquals(
        new Measured(67, 102, 131, 16, 1), measure(variant.withBatchOps(known.ofEntries(4))));
    // None: each page is walked to, and marked.
    assertEquals(
        new Measured(67, 198, 131, 64, 2), measure(variant.withBatchOps(known.ofEntries(1))));
  }

  /** Counts the locks that are held. */
  private static final class HeldLocks implements Steps {
    private int held;

    @Override
    public void entry(Kind kind, long hostAddr) {
      // Looked at where operations on runs are asked for.
    }

    @Override
    public void folio(Kind kind, long pfn) {
      // Of no interest.
    }

    @Override
    public void acquire(LockName lock) {
      held++;
    }

    @Override
    public void release(LockName lock) {
      held--;
    }
  }

  /** R4.18: runs are made and dissolved by those who hold the lock of the tables. */
  @Test
  void runsChangeUnderALock() {
    HeldLocks locks = new HeldLocks();
    int[] changes = new int[1];
    BatchOps locked =
        new FilterBatchOps(good().batchOps()) {
          @Override
          LeafTable seen(LeafTable table) {
            changes[0]++;
            if (locks.held == 0) {
              throw new IllegalStateException("entries of a table change and no lock is held");
            }
            return table;
          }
        };
    MmuVariant variant = good().withBatchOps(locked);
    ScenarioCheck check = new ScenarioCheck(() -> new MmBench(variant, locks));
    assertEquals(Optional.empty(), check.random(3, 1_000, 50).map(f -> f.reason()));
    assertTrue(changes[0] > 1_000, "hardly any changes: " + changes[0]);
  }
}

package org.mmport.scenario;

import java.util.Map;
import java.util.function.ToLongFunction;
import org.mmport.cpu.CpuCounts;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmCounters;

/**
 * What a scenario took. Nothing in it depends on the machine that it was run on.
 *
 * @param pages pages in use at most, files' among them
 * @param tables tables in use at most, roots among them
 * @param tableBytes bytes of page tables at most, of all processes, as Linux counts them (VmPTE)
 * @param lockedPages pages of locked mappings at most, of all processes (VmLck)
 * @param faults how many faults came to what
 * @param cpus what CPUs did
 */
public record ScenarioCounts(
    long pages,
    long tables,
    long tableBytes,
    long lockedPages,
    Map<FaultStatus, Long> faults,
    CpuCounts cpus) {

  /** Faults that came to one thing. */
  public long faults(FaultStatus status) {
    return faults.getOrDefault(status, 0L);
  }

  /** Keeps the most that was in use after any step. */
  static final class Peak {
    private final MmBench bench;
    private final long pagesAtRest;
    private long pages;
    private long tables;
    private long tableBytes;
    private long lockedPages;

    Peak(MmBench bench) {
      this.bench = bench;
      this.pagesAtRest = bench.system().folios().allocated();
    }

    void note() {
      pages = Math.max(pages, bench.system().folios().allocated() - pagesAtRest);
      tables = Math.max(tables, bench.system().tablesInUse());
      tableBytes = Math.max(tableBytes, sum(counters -> counters.tables().bytes()));
      lockedPages = Math.max(lockedPages, sum(MmCounters::lockedPages));
    }

    private long sum(ToLongFunction<MmCounters> counter) {
      return bench.system().spaces().stream().map(AddressSpace::counters).mapToLong(counter).sum();
    }

    ScenarioCounts counts() {
      return new ScenarioCounts(
          pages,
          tables,
          tableBytes,
          lockedPages,
          bench.system().faults(),
          bench.system().cpus().counts());
    }
  }
}

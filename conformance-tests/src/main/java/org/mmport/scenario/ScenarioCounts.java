package org.mmport.scenario;

import java.util.Map;
import org.mmport.cpu.CpuCounts;
import org.mmport.mm.FaultStatus;

/**
 * What a scenario took. Nothing in it depends on the machine that it was run on.
 *
 * @param pages pages in use at most, files' among them
 * @param tables tables in use at most, roots among them
 * @param faults how many faults came to what
 * @param cpus what CPUs did
 */
public record ScenarioCounts(
    long pages, long tables, Map<FaultStatus, Long> faults, CpuCounts cpus) {

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

    Peak(MmBench bench) {
      this.bench = bench;
      this.pagesAtRest = bench.system().folios().allocated();
    }

    void note() {
      pages = Math.max(pages, bench.system().folios().allocated() - pagesAtRest);
      tables = Math.max(tables, bench.system().tablesInUse());
    }

    ScenarioCounts counts() {
      return new ScenarioCounts(
          pages, tables, bench.system().faults(), bench.system().cpus().counts());
    }
  }
}

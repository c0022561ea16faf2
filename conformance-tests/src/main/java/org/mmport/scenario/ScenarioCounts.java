package org.mmport.scenario;

import java.util.Map;
import org.mmport.cpu.CpuCounts;
import org.mmport.mm.FaultStatus;

/**
 * What processes took. Nothing in it depends on the machine that it was run on.
 *
 * @param pages pages in use at most, files' among them
 * @param tables tables in use at most, roots among them
 * @param tableBytes bytes of page tables at most, of all processes, as Linux counts them (VmPTE)
 * @param lockedPages pages of locked mappings at most, of all processes (VmLck)
 * @param faults how many faults came to what
 * @param softwareReads entries of tables that software loaded: the core, and the code for hash
 *     faults
 * @param softwareWrites entries that it stored, or replaced in one step
 * @param hardwareReads entries that walkers loaded
 * @param hardwareWrites entries in which they left marks
 * @param cpus what CPUs did
 */
public record ScenarioCounts(
    long pages,
    long tables,
    long tableBytes,
    long lockedPages,
    Map<FaultStatus, Long> faults,
    long softwareReads,
    long softwareWrites,
    long hardwareReads,
    long hardwareWrites,
    CpuCounts cpus) {

  /** Faults that came to one thing. */
  public long faults(FaultStatus status) {
    return faults.getOrDefault(status, 0L);
  }
}

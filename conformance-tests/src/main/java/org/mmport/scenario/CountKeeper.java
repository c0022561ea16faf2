package org.mmport.scenario;

import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmCounters;
import org.mmport.mm.MmSystem;

/**
 * Follows a machine and keeps the most that was in use, at any of the times it was asked to look.
 */
public final class CountKeeper {
  private final MmSystem system;
  private final EntryCounts entries;
  private final long pagesAtRest;
  private long pages;
  private long tables;
  private long tableBytes;
  private long lockedPages;

  /**
   * Follows a machine on which nothing runs yet.
   *
   * @param entries what its memory was made with
   */
  public CountKeeper(MmSystem system, EntryCounts entries) {
    this.system = system;
    this.entries = entries;
    this.pagesAtRest = system.folios().allocated();
  }

  /** Looks at what is in use. */
  public void note() {
    pages = Math.max(pages, system.folios().allocated() - pagesAtRest);
    tables = Math.max(tables, system.tablesInUse());
    long bytesNow = 0;
    long lockedNow = 0;
    for (AddressSpace space : system.spaces()) {
      MmCounters counters = space.counters();
      bytesNow += counters.tables().bytes();
      lockedNow += counters.lockedPages();
    }
    tableBytes = Math.max(tableBytes, bytesNow);
    lockedPages = Math.max(lockedPages, lockedNow);
  }

  /** All that it took so far. */
  public ScenarioCounts counts() {
    return new ScenarioCounts(
        pages,
        tables,
        tableBytes,
        lockedPages,
        system.faults(),
        entries.softwareReads(),
        entries.softwareWrites(),
        entries.hardwareReads(),
        entries.hardwareWrites(),
        system.cpus().counts());
  }
}

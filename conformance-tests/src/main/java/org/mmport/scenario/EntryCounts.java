package org.mmport.scenario;

import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.Steps;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;

/**
 * Counts accesses to entries of page tables, those of hardware walks apart: whoever holds a CPU's
 * lock and not the hash table's is that CPU's hardware. What software does for a hash fault is
 * software's, though a CPU waits for it. For machines that one thread drives.
 *
 * <p>An entry that software loads or stores in halves counts once. A compare-and-set counts as
 * written. Tables that are filled with zeros or empty entries when they are made count as nothing.
 */
public final class EntryCounts implements Steps {
  /** Steps that software's load of an entry takes, and its store. */
  private final int loadSteps;

  private final int storeSteps;
  private final boolean hashed;
  private int cpusHeld;
  private int hashTablesHeld;
  private long softwareLoads;
  private long softwareStores;
  private long softwareUpdates;
  private long hardwareLoads;
  private long hardwareUpdates;

  /** Counts for a machine of a variant that is yet to be made. */
  public EntryCounts(MmuVariant variant) {
    this.storeSteps = variant.geometry().entryBytes() / variant.geometry().storeBytes();
    // Halves are loaded until the first stands still: once more, where nobody else stores.
    this.loadSteps = storeSteps == 1 ? 1 : storeSteps + 1;
    this.hashed = variant.has(MmuFeature.HASHED);
  }

  /** Entries that software loaded. */
  public long softwareReads() {
    return softwareLoads / loadSteps;
  }

  /** Entries that software stored, or replaced in one step. */
  public long softwareWrites() {
    return softwareStores / storeSteps + softwareUpdates;
  }

  /** Entries that hardware loaded on its walks. */
  public long hardwareReads() {
    return hardwareLoads;
  }

  /** Entries in which hardware left a mark. */
  public long hardwareWrites() {
    return hardwareUpdates;
  }

  @Override
  public void entry(Kind kind, long hostAddr) {
    boolean hardware = cpusHeld > 0 && !(hashed && hashTablesHeld > 0);
    switch (kind) {
      case LOAD -> {
        softwareLoads += hardware ? 0 : 1;
        hardwareLoads += hardware ? 1 : 0;
      }
      case STORE -> softwareStores++;
      case UPDATE -> {
        softwareUpdates += hardware ? 0 : 1;
        hardwareUpdates += hardware ? 1 : 0;
      }
    }
  }

  @Override
  public void folio(Kind kind, long pfn) {
    // Not of tables.
  }

  @Override
  public void acquire(LockName lock) {
    hold(lock, 1);
  }

  @Override
  public void release(LockName lock) {
    hold(lock, -1);
  }

  private void hold(LockName lock, int change) {
    if (lock.rank() == LockRank.CPU) {
      cpusHeld += change;
    } else if (lock.rank() == LockRank.HASH_TABLE) {
      hashTablesHeld += change;
    }
  }
}

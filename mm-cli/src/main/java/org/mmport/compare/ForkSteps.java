package org.mmport.compare;

import org.mmport.machine.LockName;
import org.mmport.machine.Steps;
import org.mmport.scenario.EntryCounts;
import org.mmport.spi.MmuVariant;

/** Counts accesses to entries, and changes of what folios count. */
final class ForkSteps implements Steps {
  private final EntryCounts entries;
  private long folioChanges;

  ForkSteps(MmuVariant variant) {
    this.entries = new EntryCounts(variant);
  }

  EntryCounts entries() {
    return entries;
  }

  /** References, map counts and flags that were changed, several in one step once. */
  long folioChanges() {
    return folioChanges;
  }

  @Override
  public void entry(Kind kind, long hostAddr) {
    entries.entry(kind, hostAddr);
  }

  @Override
  public void folio(Kind kind, long pfn) {
    folioChanges += kind == Kind.LOAD ? 0 : 1;
  }

  @Override
  public void acquire(LockName lock) {
    entries.acquire(lock);
  }

  @Override
  public void release(LockName lock) {
    entries.release(lock);
  }
}

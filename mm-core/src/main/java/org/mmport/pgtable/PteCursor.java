package org.mmport.pgtable;

import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.VaRegion;

/**
 * Where one thread last edited a page: the PTE table of an address and what compiled code needs to
 * know of it, so that the next page of that table costs no walk. Whoever may free tables, or put
 * others in their place, calls {@link #reset()}; so does memory that is closed, which spares each
 * page the question.
 */
final class PteCursor implements PhysicalMemory.ByAddress {
  /** What {@link #span} is while no table is known: no address shifted right is negative. */
  private static final long NOWHERE = -1;

  final MmTables mm;
  final TableSpace space;
  final EntryMemory memory;
  final long[] roots;

  /** Whether any pages may be cached together: not where nobody says what is one folio. */
  final boolean knowsFolios;

  /** The addresses that the table serves, shifted right until they are one number. */
  long span = NOWHERE;

  /** Physical address of the table. */
  long table;

  /** Where addresses begin that this must not edit, and how many bytes of them there are. */
  private long foreign;

  private long foreignBytes;

  /** So many bytes from 0 on are the first of every page. */
  private static final long EVERYWHERE = -1;

  /** Where the machine we run on has its first entry. */
  long entries;

  /** Where the machine we run on has the table's number of live entries. */
  long liveCount;

  PteCursor(MmTables mm, long[] roots) {
    this.mm = mm;
    this.space = mm.space();
    this.memory = space.entryMemory();
    this.roots = roots;
    this.knowsFolios = !mm.folios().equals(FolioBounds.UNKNOWN);
    memory.memory().tellBeforeClose(this);
  }

  @Override
  public void memoryCloses() {
    reset();
  }

  /** Leaves the addresses of a region to others. */
  void keepOut(VaRegion region) {
    if (foreignBytes != EVERYWHERE) {
      foreign = region.firstVa();
      foreignBytes = region.lastVa() - region.firstVa() + 1;
      reset();
    }
  }

  /** Tables may be shared from now on, and must be asked about on the way to them. */
  void keepOutEverywhere() {
    foreign = 0;
    foreignBytes = EVERYWHERE;
    reset();
  }

  boolean isKeptOut(long va) {
    return Long.compareUnsigned(va - foreign, foreignBytes) < 0;
  }

  void reset() {
    span = NOWHERE;
  }
}

package org.mmport.pgtable;

import java.util.Optional;
import org.mmport.machine.PageRows;
import org.mmport.machine.SinglePages;
import org.mmport.spi.BatchOps;
import org.mmport.spi.HashMmu;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;

/**
 * One table of the last level, as whoever holds its lock changes it entry by entry: faults, copying
 * at fork, reclaim. Counts the entries in use and notes what each change owes to the TLBs; what
 * entries mean, references to what they map among it, is the caller's business.
 *
 * <p>Indices are those of {@link #index}; {@code nr} is at least 1 and stays within the table. What
 * a single entry is cached together with is taken apart where that must be, so callers never hear
 * of it.
 *
 * <p>Serves one address space, or all that use it: who asks for one gets a table that nobody
 * shares, or names everybody who does.
 */
public final class PteTable implements PteView {
  private final MmTables mm;
  private final MmuGather gather;
  private final TableSpace space;
  private final EntryCode code;
  private final LeafTable leaves;
  private final BatchOps batch;
  private final PteFormat format;
  private final long tableAddr;
  private final long id;
  private final long firstVa;

  PteTable(MmTables mm, long tableAddr, long firstVa, MmuGather gather) {
    MmuVariant variant = mm.space().variant();
    this.mm = mm;
    this.gather = gather;
    this.space = mm.space();
    this.firstVa = firstVa;
    this.code = space.code(Level.PTE);
    this.leaves = mm.leaves(code, Level.PTE, tableAddr, 0, firstVa, gather);
    this.batch = variant.batchOps();
    this.format = variant.format();
    this.tableAddr = tableAddr;
    this.id = space.descriptors().id(tableAddr);
  }

  /** Physical address of the table. */
  public long tableAddr() {
    return tableAddr;
  }

  /** The address that its entry 0 is for. */
  public long firstVa() {
    return firstVa;
  }

  /** The same table, and what changes through it owe goes to another gather. */
  public PteTable in(MmuGather gather) {
    return new PteTable(mm, tableAddr, firstVa, gather);
  }

  // For those who fill it side by side. Whoever keeps all others out needs no lock.

  /**
   * Takes the lock of its entries. Nothing that was owed before it is given back may be left so.
   *
   * @return what {@link #lockVersion} was before
   */
  public int lock() {
    return space.descriptors().lock(id);
  }

  /** Gives it back. */
  public void unlock() {
    space.descriptors().unlock(id);
  }

  /**
   * Another number each time that somebody had the lock: whoever reads it, then looks at entries,
   * and finds the same when he has the lock, knows them to be as they were, but for what hardware
   * marks.
   */
  public int lockVersion() {
    return space.descriptors().lockVersion(id);
  }

  /** As {@link #get}, without the lock. */
  public long getLockless(int index) {
    return batch.getLockless(leaves, index);
  }

  /** How many entries it has. */
  public int entries() {
    return leaves.length();
  }

  /** How many of them are in use. For whoever keeps all others out. */
  public int liveEntries() {
    return space.descriptors().liveEntries(id);
  }

  @Override
  public long note() {
    return space.descriptors().note(id);
  }

  /** Keeps another note. */
  public void setNote(long note) {
    space.descriptors().setNote(id, note);
  }

  @Override
  public int index(long va) {
    return space.shape().index(Level.PTE, va);
  }

  @Override
  public int hint(int index) {
    return batch.hint(leaves, index);
  }

  /** Whether an entry is cached together with others. */
  public boolean isInRun(int index) {
    return batch.inRun(leaves.get(index), Level.PTE, format);
  }

  @Override
  public long get(int index) {
    return batch.get(leaves, index);
  }

  /**
   * Stores present leaves that map consecutive memory of one folio, the first being {@code raw},
   * into entries that are none. Where a hash table keeps note of its own in leaves, that of another
   * leaf is not taken over.
   */
  public void set(int index, int nr, long raw) {
    Optional<HashMmu> hash = space.variant().segmentMap().hashMmu();
    batch.set(leaves, index, nr, hash.isPresent() ? hash.get().withoutSlot(raw) : raw);
    addLive(nr);
    leaves.owe(index, nr, format.empty(Level.PTE), raw);
  }

  /**
   * Lets another table have what leaves from one on map, in the same places, where it has nothing:
   * old, and such as neither side can write by. Up to the first entry that is in use and not of a
   * page that {@link SinglePages#tryDup} takes, or is cached with others.
   *
   * @param behind gets that entry, as {@link #get} has it
   * @return how many entries come before it
   */
  public int shareSingles(PteTable to, int index, int most, SinglePages pages, long[] behind) {
    return code.shareSingles(this, to, index, most, pages, behind);
  }

  /**
   * Empties leaves from one on, each with its page unmapped: for those who give references to these
   * back once what that owes is paid. Up to the first entry that is in use and not of a page that
   * {@link SinglePages#tryUnmap} takes, or is cached with others.
   *
   * @param unmapped gets the pages
   * @param behind gets that entry as it is, without marks of what it is cached with
   * @return how many entries come before it
   */
  public int unmapSingles(
      int index, int most, SinglePages pages, PageRows unmapped, long[] behind) {
    return code.unmapSingles(this, index, most, pages, unmapped, behind);
  }

  /**
   * Stores an entry that is neither none nor present, such as a swap entry, where there is none.
   */
  public void setNonPresent(int index, long raw) {
    leaves.set(index, raw);
    addLive(1);
  }

  /**
   * Empties entries that are in use and alike but for their frames and what a {@link PteBatch} may
   * ignore, or a single one, and returns what the first was, young and dirty if any was.
   */
  public long clear(int index, int nr) {
    long old = batch.clear(leaves, index, nr);
    addLive(-nr);
    leaves.owe(index, nr, old, format.empty(Level.PTE));
    return old;
  }

  /**
   * Empties an entry with a present leaf, and no CPU finds that any more: {@code
   * ptep_clear_flush()}. All else that is owed with it is paid too. Where the flush fails, it is
   * there as before.
   */
  public long clearNow(int index) {
    long old = clear(index, 1);
    boolean flushed = false;
    try {
      gather.flush();
      flushed = true;
    } finally {
      if (!flushed) {
        set(index, 1, old);
      }
    }
    return old;
  }

  /** Takes write permission from present leaves, which stay dirty if they were. */
  public void wrProtect(int index, int nr) {
    batch.wrProtect(leaves, index, nr);
  }

  /**
   * The same, and nothing where none may be written.
   *
   * @param raw the first, as it was read
   * @return the first, as it is then
   */
  public long wrProtect(int index, int nr, long raw) {
    return code.wrProtect(this, index, nr, raw);
  }

  /**
   * How many entries from one on are leaves that map memory in a row and are alike in all else, as
   * far as that is cheap to tell.
   *
   * @param raw what the first is
   */
  int row(int index, int most, long raw) {
    return code.row(this, index, most, raw);
  }

  // For compiled code.

  LeafTable leaves() {
    return leaves;
  }

  EntryMemory memory() {
    return space.entryMemory();
  }

  /** Counts entries like one that were stored where nothing was, and takes on what they owe. */
  void hooked(int index, int nr, long raw) {
    if (nr > 0 && !format.none(raw, Level.PTE)) {
      addLive(nr);
      leaves.owe(index, nr, format.empty(Level.PTE), raw);
    }
  }

  /** The same of entries like one that were emptied. */
  void unhooked(int index, int nr, long old) {
    if (nr > 0 && !format.none(old, Level.PTE)) {
      addLive(-nr);
      leaves.owe(index, nr, old, format.empty(Level.PTE));
    }
  }

  private void addLive(int count) {
    space.descriptors().addLiveEntries(id, count);
  }

  @Override
  public boolean mkOld(int index, int nr) {
    return batch.mkOld(leaves, index, nr);
  }

  /** Makes present leaves clean. */
  public void mkClean(int index, int nr) {
    batch.mkClean(leaves, index, nr);
  }

  /** Makes present leaves old and clean, each in one step. */
  public void mkOldClean(int index, int nr) {
    batch.mkOldClean(leaves, index, nr);
  }

  /**
   * Makes a present leaf young, dirty and writable where {@code raw} is; takes nothing away.
   * Returns whether anything changed.
   */
  public boolean setAccessFlags(int index, long raw) {
    return batch.setAccessFlags(leaves, index, raw);
  }

  @Override
  public boolean mkYoung(int index) {
    return setAccessFlags(index, format.mkYoung(get(index), Level.PTE));
  }

  @Override
  public void fill(int index, long raw) {
    set(index, 1, raw);
  }
}

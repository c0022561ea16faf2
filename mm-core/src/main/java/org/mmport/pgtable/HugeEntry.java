package org.mmport.pgtable;

import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;

/**
 * One entry of the level above the last, as whoever holds its table's lock changes it: a {@code
 * pmd_t *} of mm/huge_memory.c. Leaves in it come with a table put by for their split ({@link
 * HugeEntries}). References to what leaves map are the caller's business.
 */
public final class HugeEntry {
  private final HugeEntries entries;
  private final MmTables mm;
  private final Level level;
  private final long table;
  private final int index;
  private final long firstVa;
  private final MmuGather gather;
  private final PteFormat format;
  private final BatchOps batch;
  private final TreeEntries tree;
  private final LeafTable leaves;

  /**
   * Of a table that nobody shares.
   *
   * @param firstVa the first address that the entry is for
   */
  HugeEntry(HugeEntries entries, long table, int index, long firstVa, MmuGather gather) {
    this.entries = entries;
    this.mm = entries.mm();
    this.level = entries.level();
    this.table = table;
    this.index = index;
    this.firstVa = firstVa;
    this.gather = gather;
    MmuVariant variant = mm.space().variant();
    this.format = variant.format();
    this.batch = variant.batchOps();
    this.tree = new TreeEntries(mm);
    this.leaves = mm.leaves(mm.space().code(level), level, table, index, firstVa, gather);
  }

  /** The level of the entry. */
  public Level level() {
    return level;
  }

  /** The first address that it is for. */
  public long firstVa() {
    return firstVa;
  }

  /** The last address that it is for. */
  public long lastVa() {
    return firstVa + mm.space().variant().geometry().spanBytes(level) - 1;
  }

  /** What it holds, young and dirty if anything that it is cached with is. */
  public long get() {
    return batch.get(leaves, index);
  }

  /** Whether nothing is there. */
  public boolean isNone() {
    return format.none(get(), level);
  }

  /** Whether a table is there. */
  public boolean isTable() {
    return tree.isTable(get(), level);
  }

  /** Whether a leaf is there, which hardware may be kept from. */
  public boolean isLeaf() {
    long raw = get();
    return format.present(raw, level) && !tree.isTable(raw, level);
  }

  // Leaves.

  /**
   * Stores a leaf where nothing is ({@code set_pmd_at()}, {@code pgtable_trans_huge_deposit()}).
   *
   * @param spare a {@linkplain HugeEntries#allocSpare spare table}, put by from now on
   */
  public void map(long leaf, long spare) {
    set(leaf);
    entries.deposit(spare);
    gather.hooked(Level.PTE);
  }

  /**
   * Empties it of a leaf, which is returned as hardware left it, and gives the table put by back
   * ({@code pmdp_huge_get_and_clear()}, {@code zap_deposited_table()}).
   */
  public long unmap() {
    long old = clear();
    mm.space().freeTable(withdraw());
    return old;
  }

  /**
   * The same, and no CPU finds it any more: {@code pmdp_huge_clear_flush()}. All else that is owed
   * with it is paid too. Where the flush fails, the leaf is there as before.
   */
  public long unmapNow() {
    long old = clear();
    boolean flushed = false;
    try {
      gather.flush();
      flushed = true;
    } finally {
      if (!flushed) {
        set(old);
      }
    }
    mm.space().freeTable(withdraw());
    return old;
  }

  /**
   * Takes write permission from a leaf and makes it clean; returns whether it was dirty ({@code
   * page_vma_mkclean_one()}).
   */
  public boolean makeClean() {
    wrProtect();
    // Only now is it sure that no CPU marks it once more.
    boolean dirty = format.dirty(get(), level);
    batch.mkClean(leaves, index, 1);
    return dirty;
  }

  /** Moves a leaf to an entry where nothing is; the table put by serves it there. */
  public void moveTo(HugeEntry other) {
    other.set(clear());
  }

  /** Has a leaf permit what {@code pgprot} does, and be young; all else of it stays. */
  public void restore(long pgprot) {
    long old = clear();
    set(format.mkYoung(format.modify(old, pgprot, level), level));
  }

  private void set(long leaf) {
    batch.set(leaves, index, 1, leaf);
    mm.space().addLive(table, 1);
    leaves.owe(index, 1, format.empty(level), leaf);
  }

  private long clear() {
    long old = batch.clear(leaves, index, 1);
    mm.space().addLive(table, -1);
    leaves.owe(index, 1, old, format.empty(level));
    return old;
  }

  /** Takes write permission from a leaf, which stays dirty if it was. */
  public void wrProtect() {
    batch.wrProtect(leaves, index, 1);
  }

  /** Makes a leaf old; returns whether it was young. */
  public boolean mkOld() {
    return batch.mkOld(leaves, index, 1);
  }

  /**
   * Makes a leaf young, dirty and writable where {@code raw} is; takes nothing away. Returns
   * whether anything changed.
   */
  public boolean setAccessFlags(long raw) {
    return batch.setAccessFlags(leaves, index, raw);
  }

  /**
   * Puts the table that was put by in a leaf's place, full of leaves that map the same, young and
   * dirty if it was, and returns it ({@code __split_huge_pmd_locked()}). Needs no memory. Where a
   * flush fails, the leaf is there as before.
   */
  public PteTable split() {
    long below = withdraw();
    mm.space().describe(below, firstVa);
    boolean done = false;
    try {
      entries.editor().splitInto(level, table, index, firstVa, below, gather);
      done = true;
    } finally {
      if (!done) {
        mm.space().addLive(below, -mm.space().live(below));
        gather.hooked(Level.PTE);
        entries.deposit(below);
      }
    }
    return entries.pteTable(below, firstVa, gather);
  }

  private long withdraw() {
    gather.left(Level.PTE);
    return entries.withdraw();
  }

  // Tables.

  /**
   * Takes a table out, of which entries are still in use, and has no CPU find it any more: {@code
   * pmdp_collapse_flush()}. It stays counted, for {@link #collapse} or {@link #hook} follows. Where
   * the flush fails, it is there as before.
   */
  public PteTable unhook() {
    long old = get();
    entries.forgetWhereEditing();
    tree.store(level, table, index, format.empty(level));
    TlbDuty duty = mm.space().variant().tlbRules().duty(old, format.empty(level), level);
    boolean flushed = false;
    try {
      gather.flushNow(firstVa, lastVa() - firstVa + 1, duty, false);
      flushed = true;
    } finally {
      if (!flushed) {
        tree.store(level, table, index, old);
      }
    }
    mm.space().addLive(table, -1);
    return entries.pteTable(format.tableAddr(old, level), firstVa, gather);
  }

  /** Has a table that was unhooked serve its addresses again. */
  public void hook(PteTable unhooked) {
    long hooked = format.mkTable(unhooked.tableAddr(), level, mm.owner());
    tree.store(level, table, index, hooked);
    mm.space().addLive(table, 1);
    tree.owe(format.empty(level), hooked, level, firstVa, lastVa(), gather);
  }

  /** Stores a leaf in the place of a table that was unhooked and is empty, which is put by. */
  public void collapse(PteTable emptied, long leaf) {
    set(leaf);
    emptied.setNote(0);
    entries.deposit(emptied.tableAddr());
  }

  /**
   * Unhooks and frees a table that has no entry in use, if one is there. Whether nothing is there
   * now.
   */
  public boolean freeEmptyTable() {
    long old = get();
    if (!tree.isTable(old, level)) {
      return format.none(old, level);
    }
    long below = format.tableAddr(old, level);
    if (mm.space().live(below) > 0) {
      return false;
    }
    entries.forgetWhereEditing();
    tree.store(level, table, index, format.empty(level));
    mm.space().addLive(table, -1);
    tree.owe(old, format.empty(level), level, firstVa, lastVa(), gather);
    gather.freeLater(below);
    return true;
  }

  /**
   * The same, and no CPU finds the table any more. All else that is owed is flushed too. Where the
   * flush fails, the table is there as before.
   */
  public boolean freeEmptyTableNow() {
    long old = get();
    if (tree.isTable(old, level) && mm.space().live(format.tableAddr(old, level)) == 0) {
      gather.freeLater(unhook().tableAddr());
      gather.flush();
    }
    return isNone();
  }
}

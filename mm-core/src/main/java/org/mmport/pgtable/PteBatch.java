package org.mmport.pgtable;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.mmport.spi.HashMmu;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;

/**
 * Finds entries that may be changed as one: present leaves that map consecutive pages and are alike
 * in every other bit, save what whoever asks does not mind (R4.26): {@code folio_pte_batch_flags()}
 * of Linux's mm/internal.h.
 */
public final class PteBatch {
  /** In what leaves of a batch may differ. */
  public enum Ignored {
    YOUNG,
    DIRTY,
    SOFT_DIRTY,
    WRITE
  }

  private final PteFormat format;
  private final long pageBytes;
  private final Optional<HashMmu> hash;
  private final boolean young;
  private final boolean dirty;
  private final boolean softDirty;
  private final boolean write;

  public PteBatch(MmuVariant variant, Set<Ignored> ignored) {
    this.format = variant.format();
    this.pageBytes = variant.geometry().pageBytes();
    this.hash = variant.segmentMap().hashMmu();
    this.young = ignored.contains(Ignored.YOUNG);
    this.dirty = ignored.contains(Ignored.DIRTY);
    this.softDirty = ignored.contains(Ignored.SOFT_DIRTY) && variant.has(MmuFeature.SOFT_DIRTY);
    this.write = ignored.contains(Ignored.WRITE);
  }

  /**
   * For leaves that are given a second table: soft-dirty is each page's own, the rest is the same
   * for all there, or stays the first one's to tell.
   */
  public static PteBatch ofCopies(MmuVariant variant) {
    return new PteBatch(variant, EnumSet.of(Ignored.YOUNG, Ignored.DIRTY, Ignored.WRITE));
  }

  /**
   * How many entries from one on are such, itself among them. Entries that are cached together are
   * known to be alike, so of those only the first is looked at (R4.32).
   *
   * @param raw the entry at that index, a present leaf
   * @param most what is left of its folio, of the mapping and of the table, which need not begin
   *     with the entry (R4.27, R4.35)
   */
  public int length(PteTable table, int index, long raw, int most) {
    int found = table.hint(index);
    if (found == 1) {
      found = table.row(index, most, raw);
    }
    if (found >= most) {
      return most;
    }
    long first = plain(raw);
    long physAddr = format.physAddr(raw, Level.PTE);
    while (found < most) {
      long next = table.get(index + found);
      // By the format, as addresses of some leaves are not in one piece (R4.28).
      long expected = format.withPhysAddr(first, physAddr + found * pageBytes, Level.PTE);
      if (!format.present(next, Level.PTE) || plain(next) != expected) {
        return found;
      }
      found += table.hint(index + found);
    }
    return most;
  }

  /** A leaf without what is ignored: {@code __pte_batch_clear_ignored()}. */
  private long plain(long raw) {
    long plain = hash.isPresent() ? hash.get().withoutSlot(raw) : raw;
    plain = dirty ? format.mkClean(plain, Level.PTE) : plain;
    plain = softDirty ? format.clearSoftDirty(plain, Level.PTE) : plain;
    plain = write ? format.wrProtect(plain, Level.PTE) : plain;
    return young ? format.mkOld(plain, Level.PTE) : plain;
  }
}

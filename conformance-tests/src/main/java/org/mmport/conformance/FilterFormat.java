package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryFlags;
import org.mmport.spi.EntryLayout;
import org.mmport.spi.Level;
import org.mmport.spi.LevelMasks;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** A format that does what another does; what wraps a port overrides some of it. */
class FilterFormat implements PteFormat {
  protected final PteFormat in;

  FilterFormat(PteFormat in) {
    this.in = in;
  }

  @Override
  public EntryLayout layout() {
    return in.layout();
  }

  @Override
  public List<EntryField> fields() {
    return in.fields();
  }

  @Override
  public PteBits bits() {
    return in.bits();
  }

  @Override
  public EntryFlags flags() {
    return in.flags();
  }

  @Override
  public LevelMasks leaves() {
    return in.leaves();
  }

  @Override
  public boolean valid(long raw, Level level) {
    return in.valid(raw, level);
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return in.leaf(raw, level);
  }

  @Override
  public long reserved(long raw, Level level) {
    return in.reserved(raw, level);
  }

  @Override
  public int rights(long raw, Level level) {
    return in.rights(raw, level);
  }

  @Override
  public int effectiveRights(int left) {
    return in.effectiveRights(left);
  }

  @Override
  public long touched(long raw, Level level) {
    return in.touched(raw, level);
  }

  @Override
  public long written(long raw, Level level) {
    return in.written(raw, level);
  }

  @Override
  public long tableAddr(long raw, Level level) {
    return in.tableAddr(raw, level);
  }

  @Override
  public long physAddr(long raw, Level level) {
    return in.physAddr(raw, level);
  }

  @Override
  public long inverted(long raw) {
    return in.inverted(raw);
  }

  @Override
  public long frameMask(Level level) {
    return in.frameMask(level);
  }

  @Override
  public long empty(Level level) {
    return in.empty(level);
  }

  @Override
  public boolean none(long raw, Level level) {
    return in.none(raw, level);
  }

  @Override
  public boolean present(long raw, Level level) {
    return in.present(raw, level);
  }

  @Override
  public boolean bad(long raw, Level level) {
    return in.bad(raw, level);
  }

  @Override
  public boolean protnone(long raw, Level level) {
    return in.protnone(raw, level);
  }

  @Override
  public boolean young(long raw, Level level) {
    return in.young(raw, level);
  }

  @Override
  public boolean dirty(long raw, Level level) {
    return in.dirty(raw, level);
  }

  @Override
  public boolean write(long raw, Level level) {
    return in.write(raw, level);
  }

  @Override
  public boolean global(long raw, Level level) {
    return in.global(raw, level);
  }

  @Override
  public boolean special(long raw, Level level) {
    return in.special(raw, level);
  }

  @Override
  public boolean softDirty(long raw, Level level) {
    return in.softDirty(raw, level);
  }

  @Override
  public boolean uffdWp(long raw, Level level) {
    return in.uffdWp(raw, level);
  }

  @Override
  public long mkYoung(long raw, Level level) {
    return in.mkYoung(raw, level);
  }

  @Override
  public long mkOld(long raw, Level level) {
    return in.mkOld(raw, level);
  }

  @Override
  public long mkDirty(long raw, Level level) {
    return in.mkDirty(raw, level);
  }

  @Override
  public long mkClean(long raw, Level level) {
    return in.mkClean(raw, level);
  }

  @Override
  public long mkWrite(long raw, Level level) {
    return in.mkWrite(raw, level);
  }

  @Override
  public long wrProtect(long raw, Level level) {
    return in.wrProtect(raw, level);
  }

  @Override
  public long mkSpecial(long raw, Level level) {
    return in.mkSpecial(raw, level);
  }

  @Override
  public long mkSoftDirty(long raw, Level level) {
    return in.mkSoftDirty(raw, level);
  }

  @Override
  public long clearSoftDirty(long raw, Level level) {
    return in.clearSoftDirty(raw, level);
  }

  @Override
  public long mkUffdWp(long raw, Level level) {
    return in.mkUffdWp(raw, level);
  }

  @Override
  public long clearUffdWp(long raw, Level level) {
    return in.clearUffdWp(raw, level);
  }

  @Override
  public long mkInvalid(long raw, Level level) {
    return in.mkInvalid(raw, level);
  }

  @Override
  public long pgprot(Protection protection) {
    return in.pgprot(protection);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    return in.mkLeaf(physAddr, pgprot, level);
  }

  @Override
  public long modify(long raw, long pgprot, Level level) {
    return in.modify(raw, pgprot, level);
  }

  @Override
  public long withPhysAddr(long raw, long physAddr, Level level) {
    return in.withPhysAddr(raw, physAddr, level);
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    return in.splitLeaf(raw, level, lower);
  }

  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return in.mkTable(physAddr, level, owner);
  }

  @Override
  public boolean swap(long raw, Level level) {
    return in.swap(raw, level);
  }

  @Override
  public long swapTypes() {
    return in.swapTypes();
  }

  @Override
  public long swapOffsets() {
    return in.swapOffsets();
  }

  @Override
  public long mkSwap(int type, long offset, Level level) {
    return in.mkSwap(type, offset, level);
  }

  @Override
  public int swapType(long raw, Level level) {
    return in.swapType(raw, level);
  }

  @Override
  public long swapOffset(long raw, Level level) {
    return in.swapOffset(raw, level);
  }

  @Override
  public boolean swapExclusive(long raw, Level level) {
    return in.swapExclusive(raw, level);
  }

  @Override
  public long swapMkExclusive(long raw, Level level) {
    return in.swapMkExclusive(raw, level);
  }

  @Override
  public long swapClearExclusive(long raw, Level level) {
    return in.swapClearExclusive(raw, level);
  }

  @Override
  public boolean swapSoftDirty(long raw, Level level) {
    return in.swapSoftDirty(raw, level);
  }

  @Override
  public long swapMkSoftDirty(long raw, Level level) {
    return in.swapMkSoftDirty(raw, level);
  }

  @Override
  public long swapClearSoftDirty(long raw, Level level) {
    return in.swapClearSoftDirty(raw, level);
  }

  @Override
  public boolean swapUffdWp(long raw, Level level) {
    return in.swapUffdWp(raw, level);
  }

  @Override
  public long swapMkUffdWp(long raw, Level level) {
    return in.swapMkUffdWp(raw, level);
  }

  @Override
  public long swapClearUffdWp(long raw, Level level) {
    return in.swapClearUffdWp(raw, level);
  }
}

package org.mmport.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
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

/**
 * A format that passes on to another. Each call of {@link #another} makes one of a class of its
 * own.
 */
class DelegatingFormat implements PteFormat {
  private final PteFormat to;

  DelegatingFormat(PteFormat to) {
    this.to = to;
  }

  static PteFormat another(PteFormat to) {
    try (InputStream in = DelegatingFormat.class.getResourceAsStream("DelegatingFormat.class")) {
      Class<?> copy =
          MethodHandles.lookup().defineHiddenClass(in.readAllBytes(), true).lookupClass();
      return (PteFormat) copy.getDeclaredConstructor(PteFormat.class).newInstance(to);
    } catch (IOException | ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public EntryLayout layout() {
    return to.layout();
  }

  @Override
  public List<EntryField> fields() {
    return to.fields();
  }

  @Override
  public PteBits bits() {
    return to.bits();
  }

  @Override
  public EntryFlags flags() {
    return to.flags();
  }

  @Override
  public LevelMasks leaves() {
    return to.leaves();
  }

  @Override
  public boolean valid(long raw, Level level) {
    return to.valid(raw, level);
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return to.leaf(raw, level);
  }

  @Override
  public boolean none(long raw, Level level) {
    return to.none(raw, level);
  }

  @Override
  public boolean present(long raw, Level level) {
    return to.present(raw, level);
  }

  @Override
  public long reserved(long raw, Level level) {
    return to.reserved(raw, level);
  }

  @Override
  public int rights(long raw, Level level) {
    return to.rights(raw, level);
  }

  @Override
  public int effectiveRights(int left) {
    return to.effectiveRights(left);
  }

  @Override
  public long touched(long raw, Level level) {
    return to.touched(raw, level);
  }

  @Override
  public long written(long raw, Level level) {
    return to.written(raw, level);
  }

  @Override
  public long tableAddr(long raw, Level level) {
    return to.tableAddr(raw, level);
  }

  @Override
  public long physAddr(long raw, Level level) {
    return to.physAddr(raw, level);
  }

  @Override
  public long withPhysAddr(long raw, long physAddr, Level level) {
    return to.withPhysAddr(raw, physAddr, level);
  }

  @Override
  public boolean bad(long raw, Level level) {
    return to.bad(raw, level);
  }

  @Override
  public boolean protnone(long raw, Level level) {
    return to.protnone(raw, level);
  }

  @Override
  public long mkInvalid(long raw, Level level) {
    return to.mkInvalid(raw, level);
  }

  @Override
  public long pgprot(Protection protection) {
    return to.pgprot(protection);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    return to.mkLeaf(physAddr, pgprot, level);
  }

  @Override
  public long modify(long raw, long pgprot, Level level) {
    return to.modify(raw, pgprot, level);
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    return to.splitLeaf(raw, level, lower);
  }

  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return to.mkTable(physAddr, level, owner);
  }
}

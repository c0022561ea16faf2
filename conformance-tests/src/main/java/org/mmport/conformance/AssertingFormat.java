package org.mmport.conformance;

import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.TableOwner;

/** The format of {@link AssertingVariant}: each word is asked of entries that it is meant for. */
final class AssertingFormat extends FilterFormat {
  private final MmuVariant variant;
  private final PagingGeometry geometry;

  AssertingFormat(MmuVariant variant) {
    super(variant.format());
    this.variant = variant;
    this.geometry = variant.geometry();
  }

  @Override
  public boolean valid(long raw, Level level) {
    return in.valid(real("valid", raw, level), level);
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return in.leaf(real("leaf", raw, level), level);
  }

  @Override
  public long reserved(long raw, Level level) {
    return in.reserved(usedByHardware("reserved", raw, level), level);
  }

  @Override
  public int rights(long raw, Level level) {
    return in.rights(usedByHardware("rights", raw, level), level);
  }

  @Override
  public long touched(long raw, Level level) {
    return in.touched(usedByHardware("touched", raw, level), level);
  }

  @Override
  public long written(long raw, Level level) {
    usedByHardware("written", raw, level);
    if (!in.leaf(raw, level)) {
      throw broken("written", level, raw, "the entry is a table");
    }
    return in.written(raw, level);
  }

  @Override
  public long tableAddr(long raw, Level level) {
    usedByHardware("tableAddr", raw, level);
    if (level == Level.PTE || in.leaf(raw, level)) {
      throw broken("tableAddr", level, raw, "the entry is a leaf");
    }
    return in.tableAddr(raw, level);
  }

  @Override
  public long physAddr(long raw, Level level) {
    return in.physAddr(presentLeaf("physAddr", raw, level), level);
  }

  @Override
  public long empty(Level level) {
    real("empty", 0, level);
    return in.empty(level);
  }

  @Override
  public boolean none(long raw, Level level) {
    return in.none(real("none", raw, level), level);
  }

  @Override
  public boolean present(long raw, Level level) {
    return in.present(real("present", raw, level), level);
  }

  @Override
  public long modify(long raw, long pgprot, Level level) {
    return in.modify(presentLeaf("modify", raw, level), pgprot, level);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    real("mkLeaf", physAddr, level);
    if (!geometry.at(level).leafAllowed()) {
      throw broken("mkLeaf", level, physAddr, "the level has no leaves");
    }
    reachable("mkLeaf", physAddr, level);
    return in.mkLeaf(physAddr, pgprot, level);
  }

  @Override
  public long withPhysAddr(long raw, long physAddr, Level level) {
    reachable("withPhysAddr", physAddr, level);
    return in.withPhysAddr(presentLeaf("withPhysAddr", raw, level), physAddr, level);
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    presentLeaf("splitLeaf", raw, level);
    real("splitLeaf", raw, lower);
    if (lower.compareTo(level) <= 0 || !geometry.at(lower).leafAllowed()) {
      throw broken("splitLeaf", lower, raw, "the lower level must have leaves and lie below");
    }
    return in.splitLeaf(raw, level, lower);
  }

  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    real("mkTable", physAddr, level);
    if (level == Level.PTE) {
      throw broken("mkTable", level, physAddr, "entries of the last level are leaves");
    }
    int align = geometry.at(geometry.nextReal(level)).placement().alignBytes();
    if ((physAddr & (align - 1L)) != 0
        || Long.compareUnsigned(physAddr, geometry.lastPhysAddr(Level.PTE)) > 0) {
      throw broken("mkTable", level, physAddr, "a table lies at a multiple of " + align + " bytes");
    }
    return in.mkTable(physAddr, level, owner);
  }

  private long real(String call, long raw, Level level) {
    if (geometry.at(level).isFolded()) {
      throw broken(call, level, raw, "the level is folded, so it has no entries");
    }
    return raw;
  }

  private long usedByHardware(String call, long raw, Level level) {
    if (!in.valid(real(call, raw, level), level)) {
      throw broken(call, level, raw, "asked of valid entries only");
    }
    return raw;
  }

  private long presentLeaf(String call, long raw, Level level) {
    if (!in.present(real(call, raw, level), level) || !in.leaf(raw, level)) {
      throw broken(call, level, raw, "asked of present leaves only");
    }
    return raw;
  }

  private void reachable(String call, long physAddr, Level level) {
    if ((physAddr & (geometry.spanBytes(level) - 1)) != 0
        || Long.compareUnsigned(physAddr, geometry.lastPhysAddr(level)) > 0) {
      throw broken(
          call, level, physAddr, "the address is aligned to the span and one that entries hold");
    }
  }

  private CallProtocolException broken(String call, Level level, long raw, String rule) {
    return AssertingVariant.broken(variant, call, level, raw, rule);
  }
}

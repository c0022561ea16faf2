package org.mmport.spi;

/**
 * What must happen because an entry changed. A value: ports return the constants below, and nothing
 * is allocated.
 *
 * @param scope what to invalidate for the range that the entry spans
 * @param breakBeforeMake whether the entry must be made invalid and flushed before the new value is
 *     stored
 * @param reloadRoot whether every CPU that has the root loaded must load it again
 */
public record TlbDuty(FlushScope scope, boolean breakBeforeMake, boolean reloadRoot) {
  public static final TlbDuty NONE = new TlbDuty(FlushScope.NONE, false, false);
  public static final TlbDuty FLUSH_LEAF = new TlbDuty(FlushScope.LEAF, false, false);
  public static final TlbDuty FLUSH_WALK_CACHES = new TlbDuty(FlushScope.WALK_CACHES, false, false);

  /** Of a table: what is cached of it goes with all below it. */
  public static final TlbDuty BREAK_BEFORE_MAKE = new TlbDuty(FlushScope.WALK_CACHES, true, false);

  /** Of a leaf, whatever takes its place: caches of tables never held it. */
  public static final TlbDuty BREAK_LEAF_BEFORE_MAKE = new TlbDuty(FlushScope.LEAF, true, false);

  public static final TlbDuty RELOAD_ROOT = new TlbDuty(FlushScope.WALK_CACHES, false, true);

  /** Whether anything is to be done at all. */
  public boolean isNone() {
    return scope == FlushScope.NONE && !reloadRoot;
  }
}

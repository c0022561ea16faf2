package org.mmport.cli;

import java.util.Locale;
import java.util.Optional;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/**
 * Changes of entries that happen to every live table, each written in a variant's own entries. A
 * leaf is a user's, writable, young and clean where the change does not say otherwise.
 */
enum EntryChange {
  /** Nothing becomes a leaf. */
  MAP,
  /** A leaf becomes nothing. */
  UNMAP,
  /** A leaf loses the right to write. */
  PROTECT_DOWN,
  /** A leaf gains the right to write. */
  PROTECT_UP,
  MAKE_OLD,
  MAKE_YOUNG,
  MAKE_CLEAN,
  MAKE_DIRTY,
  /** A leaf comes to map other memory. */
  CHANGE_FRAME,
  /** A leaf above the last level becomes a table. */
  SPLIT_LEAF,
  /** Nothing becomes a table, below the root. */
  HOOK_TABLE,
  /** A table becomes nothing, below the root. */
  UNHOOK_TABLE,
  /** A table becomes another one, below the root. */
  CHANGE_TABLE,
  /** Nothing becomes a table, in the root. */
  HOOK_IN_ROOT,
  /** A table becomes nothing, in the root. */
  UNHOOK_IN_ROOT,
  /** A table becomes another one, in the root. */
  CHANGE_IN_ROOT;

  /** An entry before and after. */
  private record Values(long oldRaw, long newRaw) {}

  /** For programs; part of the command's interface. */
  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether it happens in the root table, whichever level that is. */
  boolean isAtRoot() {
    return this == HOOK_IN_ROOT || this == UNHOOK_IN_ROOT || this == CHANGE_IN_ROOT;
  }

  /** What the variant asks for; empty where it has no such entry at that level. */
  Optional<TlbDuty> duty(MmuVariant variant, Level level) {
    return isPossible(variant.geometry(), level)
        ? Optional.of(values(variant, level))
            .map(values -> variant.tlbRules().duty(values.oldRaw(), values.newRaw(), level))
        : Optional.empty();
  }

  private boolean isPossible(PagingGeometry geometry, Level level) {
    boolean root = level == geometry.rootLevel();
    boolean table = !geometry.at(level).isFolded() && level != Level.PTE;
    boolean leaf = geometry.at(level).leafAllowed();
    return switch (this) {
      case MAP, UNMAP, PROTECT_DOWN, PROTECT_UP -> leaf;
      case MAKE_OLD, MAKE_YOUNG, MAKE_CLEAN, MAKE_DIRTY, CHANGE_FRAME -> leaf;
      case SPLIT_LEAF -> leaf && table;
      case HOOK_TABLE, UNHOOK_TABLE, CHANGE_TABLE -> table && !root;
      case HOOK_IN_ROOT, UNHOOK_IN_ROOT, CHANGE_IN_ROOT -> table && root;
    };
  }

  private Values values(MmuVariant variant, Level level) {
    PteFormat format = variant.format();
    long empty = format.empty(level);
    return switch (this) {
      case MAP -> new Values(empty, leaf(format, level));
      case UNMAP -> new Values(leaf(format, level), empty);
      case PROTECT_DOWN -> new Values(leaf(format, level), readOnly(format, level));
      case PROTECT_UP -> new Values(readOnly(format, level), leaf(format, level));
      case MAKE_OLD -> new Values(leaf(format, level), format.mkOld(leaf(format, level), level));
      case MAKE_YOUNG -> new Values(format.mkOld(leaf(format, level), level), leaf(format, level));
      case MAKE_CLEAN ->
          new Values(dirty(format, level), format.mkClean(dirty(format, level), level));
      case MAKE_DIRTY -> new Values(leaf(format, level), dirty(format, level));
      case CHANGE_FRAME -> {
        long physAddr = variant.geometry().spanBytes(level);
        yield new Values(
            leaf(format, level), format.withPhysAddr(leaf(format, level), physAddr, level));
      }
      case SPLIT_LEAF -> new Values(leaf(format, level), table(variant, level, 1));
      case HOOK_TABLE, HOOK_IN_ROOT -> new Values(empty, table(variant, level, 1));
      case UNHOOK_TABLE, UNHOOK_IN_ROOT -> new Values(table(variant, level, 1), empty);
      case CHANGE_TABLE, CHANGE_IN_ROOT ->
          new Values(table(variant, level, 1), table(variant, level, 2));
    };
  }

  private static long leaf(PteFormat format, Level level) {
    long raw = format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), level);
    return format.mkClean(format.mkYoung(raw, level), level);
  }

  private static long readOnly(PteFormat format, Level level) {
    return format.modify(leaf(format, level), format.pgprot(Protection.PAGE_READONLY), level);
  }

  private static long dirty(PteFormat format, Level level) {
    return format.mkDirty(leaf(format, level), level);
  }

  /** An entry that points at the table with that number, of those that lie one after another. */
  private static long table(MmuVariant variant, Level level, int number) {
    PagingGeometry geometry = variant.geometry();
    int tableBytes = geometry.at(geometry.nextReal(level)).placement().sizeBytes();
    long physAddr = number * Math.max(geometry.pageBytes(), tableBytes);
    return variant.format().mkTable(physAddr, level, TableOwner.USER);
  }
}

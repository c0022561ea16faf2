package org.mmport.pgtable;

import static org.mmport.spi.EntryField.bit;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryLayout;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * An architecture that never was: every word of the vocabulary is one bit, and none is whatever a
 * test wants.
 */
final class PlainFormat implements PteFormat {
  static final long VALID = 1;
  static final long WRITE = 2;
  static final long USER = 4;
  static final long LEAF = 8;
  static final long YOUNG = 16;
  static final long DIRTY = 32;
  static final long NO_EXEC = 64;
  static final long GLOBAL = 128;

  private final EntryLayout layout;
  private final long empty;

  PlainFormat(int entryBytes, int pageShift, long empty) {
    int top = entryBytes * 8 - 1;
    this.empty = empty;
    List<EntryField> fields =
        List.of(
            bit("V", 0, EntryRole.VALID, "valid"),
            bit("W", 1, EntryRole.WRITE, "write"),
            bit("U", 2, EntryRole.USER, "user"),
            bit("L", 3, EntryRole.LEAF, "leaf", EntryKind.TABLE, EntryKind.HUGE),
            bit("A", 4, EntryRole.YOUNG, "accessed"),
            bit("D", 5, EntryRole.DIRTY, "dirty"),
            bit("X", 6, EntryRole.NO_EXEC, "no execute"),
            bit("G", 7, EntryRole.GLOBAL, "global"),
            EntryField.of(
                "PFN", top, pageShift, EntryRole.FRAME, "frame", EntryKind.PAGE, EntryKind.HUGE),
            EntryField.of("TABLE", top, 10, EntryRole.FRAME, "table", EntryKind.TABLE));
    this.layout = EntryLayout.of(fields);
  }

  @Override
  public EntryLayout layout() {
    return layout;
  }

  @Override
  public long empty(Level level) {
    return empty;
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return level == Level.PTE || (raw & LEAF) != 0;
  }

  @Override
  public long reserved(long raw, Level level) {
    return 0;
  }

  @Override
  public boolean bad(long raw, Level level) {
    return (raw & (VALID | LEAF)) != VALID;
  }

  @Override
  public boolean protnone(long raw, Level level) {
    return (raw & (VALID | GLOBAL)) == GLOBAL;
  }

  @Override
  public long mkInvalid(long raw, Level level) {
    return (raw & ~VALID) | GLOBAL;
  }

  @Override
  public long pgprot(Protection protection) {
    return protection.isNone()
        ? GLOBAL | USER
        : VALID
            | (protection.write() && protection.shared() ? WRITE : 0)
            | (protection.owner() == TableOwner.USER ? USER : 0)
            | (protection.exec() ? 0 : NO_EXEC);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    return physAddr | pgprot | (level == Level.PTE ? 0 : LEAF);
  }

  @Override
  public long modify(long raw, long pgprot, Level level) {
    return (raw & (frameMask(level) | LEAF | YOUNG | DIRTY)) | pgprot;
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    return lower == Level.PTE ? raw & ~LEAF : raw;
  }

  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return physAddr | VALID | WRITE | USER;
  }
}

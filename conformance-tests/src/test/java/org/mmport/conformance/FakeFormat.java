package org.mmport.conformance;

import static org.mmport.spi.EntryKind.HUGE;
import static org.mmport.spi.EntryKind.PAGE;
import static org.mmport.spi.EntryKind.SWAP;
import static org.mmport.spi.EntryKind.TABLE;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryLayout;
import org.mmport.spi.EntryRole;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MemoryType;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * Entries of machines that never were. Those of 8 bytes have every bit that the vocabulary knows,
 * those of 4 bytes the fewest that will do, so that features are seen present and absent.
 */
final class FakeFormat implements PteFormat {
  static final long V = 1L << 0;
  static final long W = 1L << 1;
  static final long U = 1L << 2;

  /** Leaf; in an entry that is not valid, what tells PROT_NONE from swap. */
  static final long L = 1L << 3;

  static final long A = 1L << 4;
  static final long D = 1L << 5;
  static final long NX = 1L << 6;
  static final long G = 1L << 7;
  private static final long SWAP_MARK = 1L << 10;
  private static final long RESERVED = 1L << 63;

  /** As Svnapot has N, and the size below it: there in the frame's low bits. */
  static final long RUN = 0x1fL << 58;

  /** What "none" is where it is not zero. */
  static final long NONE_MARK = 1L << 11;

  private final PagingGeometry geometry;
  private final EntryLayout layout;
  private final PteBits bits;
  private final long empty;
  private final long kept;
  private final boolean rich;

  FakeFormat(PagingGeometry geometry, long empty) {
    this(geometry, empty, 0);
  }

  /**
   * Entries of which some may say that they are one of a run.
   *
   * @param inRun bits of {@link #RUN} that say so, and of how many; 0 where there are no runs
   */
  FakeFormat(PagingGeometry geometry, long empty, long inRun) {
    this.geometry = geometry;
    this.empty = empty;
    this.rich = geometry.entryBytes() == 8;
    this.layout = EntryLayout.of(rich ? richFields(geometry.pageShift(), inRun) : poorFields());
    this.bits = layout.bits();
    this.kept =
        bits.pageFrame()
            | L
            | A
            | D
            | bits.softDirty()
            | bits.uffdWp()
            | bits.special()
            | inRun
            | typeMask();
  }

  private static List<EntryField> richFields(int pageShift, long inRun) {
    List<EntryField> all = new ArrayList<>(commonFields());
    all.addAll(
        List.of(
            EntryField.bit("X", 6, EntryRole.NO_EXEC, "no execute", TABLE, HUGE, PAGE),
            EntryField.bit("G", 7, EntryRole.GLOBAL, "global", HUGE, PAGE),
            EntryField.bit("S", 8, EntryRole.SPECIAL, "special", HUGE, PAGE),
            EntryField.bit("SD", 9, EntryRole.SOFT_DIRTY, "soft-dirty", HUGE, PAGE),
            EntryField.bit("UW", 10, EntryRole.UFFD_WP, "uffd-wp", HUGE, PAGE),
            EntryField.bit("E", 11, EntryRole.OTHER, "empty", HUGE, PAGE, SWAP),
            EntryField.of("IGN", 9, 7, EntryRole.IGNORED, "ignored", TABLE),
            EntryField.of("TABLE", 51, 10, EntryRole.FRAME, "next table", TABLE),
            EntryField.of("PFN", 51, pageShift, EntryRole.FRAME, "frame", HUGE, PAGE),
            EntryField.of("KEY", 55, 52, EntryRole.KEY, "key", HUGE, PAGE),
            EntryField.of("TYPE", 57, 56, EntryRole.MEMORY_TYPE, "type", HUGE, PAGE),
            EntryField.of("IGN", 57, 52, EntryRole.IGNORED, "ignored", TABLE),
            EntryField.of("IGN", 62, 58, EntryRole.IGNORED, "ignored", TABLE, HUGE),
            EntryField.bit("0", 63, EntryRole.RESERVED, "must be zero", TABLE, HUGE, PAGE),
            EntryField.bit("SS", 2, EntryRole.SOFT_DIRTY, "soft-dirty", SWAP),
            EntryField.bit("SU", 4, EntryRole.UFFD_WP, "uffd-wp", SWAP),
            EntryField.of("OFFSET", 63, 12, EntryRole.SWAP_OFFSET, "offset", SWAP)));
    all.add(
        inRun == 0
            ? EntryField.of("IGN", 62, 58, EntryRole.IGNORED, "ignored", PAGE)
            : EntryField.of("RUN", 62, 58, EntryRole.OTHER, "one of a run, and its size", PAGE));
    if (pageShift > 12) {
      all.add(EntryField.of("IGN", pageShift - 1, 12, EntryRole.IGNORED, "ignored", HUGE, PAGE));
    }
    return all;
  }

  private static List<EntryField> poorFields() {
    List<EntryField> all = new ArrayList<>(commonFields());
    all.addAll(
        List.of(
            EntryField.of("IGN", 11, 6, EntryRole.IGNORED, "ignored", HUGE, PAGE),
            EntryField.of("IGN", 9, 6, EntryRole.IGNORED, "ignored", TABLE),
            EntryField.of("TABLE", 31, 10, EntryRole.FRAME, "next table", TABLE),
            EntryField.of("PFN", 31, 12, EntryRole.FRAME, "frame", HUGE, PAGE),
            EntryField.bit("IGN", 2, EntryRole.IGNORED, "ignored", SWAP),
            EntryField.bit("IGN", 4, EntryRole.IGNORED, "ignored", SWAP),
            EntryField.bit("0", 11, EntryRole.RESERVED, "must be zero", SWAP),
            EntryField.of("OFFSET", 31, 12, EntryRole.SWAP_OFFSET, "offset", SWAP)));
    return all;
  }

  private static List<EntryField> commonFields() {
    return List.of(
        EntryField.bit("V", 0, EntryRole.VALID, "valid"),
        EntryField.bit("W", 1, EntryRole.WRITE, "write", TABLE, HUGE, PAGE),
        EntryField.bit("U", 2, EntryRole.USER, "user", TABLE, HUGE, PAGE),
        EntryField.bit("L", 3, EntryRole.LEAF, "leaf"),
        EntryField.bit("A", 4, EntryRole.YOUNG, "accessed", TABLE, HUGE, PAGE),
        EntryField.bit("D", 5, EntryRole.DIRTY, "dirty", HUGE, PAGE),
        EntryField.bit("IGN", 5, EntryRole.IGNORED, "ignored", TABLE),
        EntryField.bit("EX", 1, EntryRole.SWAP_EXCLUSIVE, "exclusive", SWAP),
        EntryField.of("TYPE", 9, 5, EntryRole.SWAP_TYPE, "swap device", SWAP),
        EntryField.bit("S", 10, EntryRole.OTHER, "always set", SWAP));
  }

  @Override
  public EntryLayout layout() {
    return layout;
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return level == Level.PTE || (raw & L) != 0;
  }

  @Override
  public long reserved(long raw, Level level) {
    long low = leaf(raw, level) ? bits.pageFrame() & ~frameMask(level) : 0;
    return raw & (low | (rich ? RESERVED : 0));
  }

  /** Machines with few bits leave it to software to make leaves dirty. */
  @Override
  public int rights(long raw, Level level) {
    int rights = PteFormat.super.rights(raw, level);
    boolean refused = !rich && leaf(raw, level) && (raw & D) == 0;
    return refused ? rights & ~Rights.WRITE : rights;
  }

  @Override
  public long frameMask(Level level) {
    return bits.pageFrame() & -geometry.spanBytes(level);
  }

  @Override
  public long empty(Level level) {
    return empty;
  }

  @Override
  public boolean bad(long raw, Level level) {
    return (raw & (V | L)) != V;
  }

  @Override
  public boolean present(long raw, Level level) {
    return (raw & (V | L)) != 0;
  }

  @Override
  public boolean protnone(long raw, Level level) {
    return (raw & (V | L)) == L;
  }

  @Override
  public long mkInvalid(long raw, Level level) {
    return raw & ~V;
  }

  @Override
  public long pgprot(Protection protection) {
    if (!rich && protection.memoryType() != MemoryType.WRITE_BACK) {
      throw new InvalidRequestException(
          "memory type " + protection.memoryType() + ": this machine has write-back only");
    }
    long flags =
        bits.keyBits(protection.key())
            | Long.expand(protection.memoryType().ordinal(), typeMask())
            | (protection.exec() ? 0 : bits.noExec());
    if (protection.isNone()) {
      return flags;
    }
    if (protection.owner() == TableOwner.KERNEL) {
      return flags | V | bits.global() | (protection.write() ? W : 0);
    }
    return flags | V | U | (protection.write() && protection.shared() ? W : 0);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    return withPhysAddr(pgprot | L, physAddr, level);
  }

  @Override
  public long modify(long raw, long pgprot, Level level) {
    return (raw & kept) | (pgprot & ~kept);
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    return raw;
  }

  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return physAddr | V | W | (owner == TableOwner.USER ? U : 0);
  }

  @Override
  public long mkSwap(int type, long offset, Level level) {
    return PteFormat.super.mkSwap(type, offset, level) | SWAP_MARK;
  }

  private long typeMask() {
    return layout.fields().stream()
        .filter(field -> field.role() == EntryRole.MEMORY_TYPE)
        .mapToLong(EntryField::mask)
        .reduce(0, (a, b) -> a | b);
  }

  /** The features that the fields of such entries bring with them. */
  static List<MmuFeature> features(PagingGeometry geometry) {
    return geometry.entryBytes() == 8
        ? List.of(
            MmuFeature.HW_ACCESSED,
            MmuFeature.HW_DIRTY,
            MmuFeature.NO_EXECUTE,
            MmuFeature.GLOBAL_PAGES,
            MmuFeature.HIERARCHICAL_RIGHTS,
            MmuFeature.PTE_SPECIAL,
            MmuFeature.SOFT_DIRTY,
            MmuFeature.UFFD_WP,
            MmuFeature.PROTECTION_KEYS)
        : List.of(MmuFeature.HIERARCHICAL_RIGHTS);
  }
}

package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import java.util.function.ToLongFunction;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/**
 * Tables full of everything that entries can say: leaves of all sizes, holes, swap entries, every
 * right given and taken at every level, reserved bits. Written entry by entry, without the code
 * that builds tables.
 */
final class RandomTables {
  private static final int SLOTS = 900;
  private static final List<Protection> PROTECTIONS =
      List.of(
          Protection.PAGE_SHARED_EXEC,
          Protection.PAGE_SHARED,
          Protection.PAGE_READONLY_EXEC,
          Protection.PAGE_READONLY,
          Protection.PAGE_KERNEL_EXEC,
          Protection.PAGE_KERNEL,
          Protection.PAGE_KERNEL_ROX,
          Protection.PAGE_NONE);

  /**
   * One entry.
   *
   * @param va first address that it spans
   * @param child the table that it was made to point at, 0 where it was not
   */
  record Slot(long va, Level level, long entryAddr, long child) {
    boolean table() {
      return child != 0;
    }
  }

  private final RawEntries entries;
  private final MmuVariant variant;
  private final PagingGeometry geometry;
  private final PteFormat format;
  private final Random random;
  private final ToLongFunction<Level> leafAddr;
  private final LongPredicate taken;
  private final ToLongFunction<Level> fixed;
  private final List<Slot> slots = new ArrayList<>();
  private final List<Long> roots = new ArrayList<>();
  private final PhysRange range;
  private final int children;
  private long next;

  /**
   * Makes tables.
   *
   * @param range where they may lie
   * @param leafAddr physical addresses for leaves of a level
   * @param taken addresses under entries of the root that are left alone
   * @param fixed bits of table entries of a level that are left alone
   */
  RandomTables(
      RawEntries entries,
      MmuVariant variant,
      Random random,
      PhysRange range,
      ToLongFunction<Level> leafAddr,
      LongPredicate taken,
      ToLongFunction<Level> fixed) {
    this.entries = entries;
    this.variant = variant;
    this.geometry = variant.geometry();
    this.format = variant.format();
    this.random = random;
    this.range = range;
    this.next = range.first();
    this.leafAddr = leafAddr;
    this.taken = taken;
    this.fixed = fixed;
    this.children = children();
    Level rootLevel = geometry.rootLevel();
    for (int i = 0; i < geometry.vaLayout().roots(); i++) {
      roots.add(newTable(rootLevel));
    }
    for (VaRegion region : geometry.vaLayout().regions()) {
      fillRoot(region);
    }
  }

  /** So many entries to a table that about as many addresses come out of two levels as of five. */
  private int children() {
    long levels = geometry.levels().stream().filter(level -> !level.isFolded()).count();
    return Math.max(4, (int) Math.round(Math.pow(SLOTS, 1.0 / levels)));
  }

  List<Long> roots() {
    return roots;
  }

  /** Every entry that was written or looked at, upper ones first on each path. */
  List<Slot> slots() {
    return slots;
  }

  /** The entry at an address; of an entry that was left empty, no more than that. */
  Slot slotAt(long entryAddr) {
    return slots.stream()
        .filter(slot -> slot.entryAddr() == entryAddr)
        .findFirst()
        .orElseGet(() -> new Slot(0, geometry.rootLevel(), entryAddr, 0));
  }

  /** Where the tables lie. */
  PhysRange used() {
    return new PhysRange(range.first(), next);
  }

  /** An address in what an entry spans. */
  long addressIn(Slot slot) {
    return slot.va() + (random.nextLong() & (geometry.spanBytes(slot.level()) - 1));
  }

  private void fillRoot(VaRegion region) {
    Level level = geometry.rootLevel();
    long span = geometry.spanBytes(level);
    Set<Long> starts = new TreeSet<>();
    starts.add(region.firstVa() & -span);
    starts.add(region.lastVa() & -span);
    long size = region.lastVa() - region.firstVa();
    for (int i = 0; i < children; i++) {
      long offset = Long.remainderUnsigned(random.nextLong(), size == -1 ? size : size + 1);
      starts.add((region.firstVa() + offset) & -span);
    }
    for (long start : starts) {
      long inRegion = Long.compareUnsigned(start, region.firstVa()) < 0 ? region.firstVa() : start;
      if (!taken.test(inRegion)) {
        int index = geometry.index(level, inRegion);
        fillEntry(roots.get(region.root()), level, index, inRegion & -span);
      }
    }
  }

  private void fillTable(long table, Level level, long va) {
    int last = geometry.at(level).entries() - 1;
    Set<Integer> indices = new TreeSet<>(Set.of(0, last));
    while (indices.size() < Math.min(children, last + 1)) {
      indices.add(random.nextInt(last + 1));
    }
    for (int index : indices) {
      fillEntry(table, level, index, va + ((long) index << geometry.shift(level)));
    }
  }

  private void fillEntry(long table, Level level, int index, long va) {
    long entryAddr = table + (long) index * geometry.entryBytes();
    boolean pointsAtTable = level != Level.PTE && (!leafAllowed(level) || random.nextInt(3) > 0);
    if (pointsAtTable) {
      Level below = geometry.nextReal(level);
      long child = newTable(below);
      slots.add(new Slot(va, level, entryAddr, child));
      entries.store(entryAddr, table(level, child));
      fillTable(child, below, va);
    } else {
      slots.add(new Slot(va, level, entryAddr, 0));
      entries.store(entryAddr, leafOrHole(level));
    }
  }

  private boolean leafAllowed(Level level) {
    return level == Level.PTE || geometry.at(level).leafAllowed();
  }

  private long newTable(Level level) {
    long size = geometry.at(level).placement().sizeBytes();
    long table = (next + size - 1) & -size;
    next = table + size;
    if (next > range.end()) {
      throw new IllegalStateException("more random tables than there is room for");
    }
    entries.clear(table, geometry.at(level).entries(), format.empty(level));
    return table;
  }

  /** An entry that points at a table, with some of its rights taken away. */
  long table(Level level, long table) {
    long raw = permissive(table, level);
    if (level == geometry.rootLevel() && variant.has(MmuFeature.ROOT_ENTRIES_CACHED)) {
      // These are checked when the root is loaded, not when an address is translated.
      return raw;
    }
    long leafBits = bits(EntryRole.LEAF, EntryKind.TABLE);
    long reserved = bits(EntryRole.RESERVED, EntryKind.TABLE);
    reserved |= leafAllowed(level) ? 0 : leafBits;
    reserved &= ~fixed.applyAsLong(level);
    long others = kindBits(raw, level) | leafBits | reserved | fixed.applyAsLong(level);
    raw ^= noise(10) & ~(format.bits().tableFrame() | others);
    if (random.nextInt(24) == 0) {
      raw |= reserved & random.nextLong();
    }
    return random.nextInt(24) == 0 ? raw & ~format.bits().valid() : raw;
  }

  /** An entry that takes nothing away, whichever way an owner's own bits do so. */
  private long permissive(long table, Level level) {
    long user = format.mkTable(table, level, TableOwner.USER);
    long own = user ^ format.mkTable(table, level, TableOwner.KERNEL);
    int set = Integer.bitCount(format.rights(user | own, level));
    int clear = Integer.bitCount(format.rights(user & ~own, level));
    return set > clear ? user | own : user & ~own;
  }

  /** A leaf with any rights, and now and then something that is none. */
  long leafOrHole(Level level) {
    switch (random.nextInt(12)) {
      case 0 -> {
        return format.empty(level);
      }
      case 1 -> {
        boolean fits = level == Level.PTE || variant.has(MmuFeature.HUGE_SWAP);
        int type = random.nextInt((int) format.swapTypes());
        long offset = 1L + random.nextInt(99);
        return fits ? format.mkSwap(type, offset, level) : format.empty(level);
      }
      default -> {}
    }
    Protection protection = PROTECTIONS.get(random.nextInt(PROTECTIONS.size()));
    long raw = format.mkLeaf(leafAddr.applyAsLong(level), format.pgprot(protection), level);
    long frame = level == Level.PTE ? format.bits().pageFrame() : format.bits().hugeFrame();
    EntryKind kind = level == Level.PTE ? EntryKind.PAGE : EntryKind.HUGE;
    long reserved = bits(EntryRole.RESERVED, kind) | (frame & ~format.frameMask(level));
    raw ^= noise(8) & ~(frame | kindBits(raw, level) | reserved);
    if (random.nextInt(6) == 0) {
      raw |= reserved & random.nextLong();
    }
    long other = raw ^ (kindBits(raw, level) & noise(24));
    return format.leaf(other, level) ? other : raw;
  }

  /** Bits each of which makes a valid entry one of another kind, or none. */
  private long kindBits(long raw, Level level) {
    long bits = 0;
    for (long bit = 1; bit != 0; bit <<= 1) {
      boolean same =
          format.valid(raw ^ bit, level) == format.valid(raw, level)
              && format.leaf(raw ^ bit, level) == format.leaf(raw, level);
      bits |= same ? 0 : bit;
    }
    return bits;
  }

  private long bits(EntryRole role, EntryKind kind) {
    return format.fields().stream()
        .filter(field -> field.role() == role && field.kinds().contains(kind))
        .mapToLong(EntryField::mask)
        .reduce(0, (a, b) -> a | b);
  }

  /** Each bit of an entry with a chance of one in so many. */
  private long noise(int oneIn) {
    long bits = 0;
    for (int bit = 0; bit < 8 * geometry.entryBytes(); bit++) {
      bits |= random.nextInt(oneIn) == 0 ? 1L << bit : 0;
    }
    return bits;
  }

  @Override
  public String toString() {
    return variant.id() + " " + slots.size() + " entries in " + used();
  }
}

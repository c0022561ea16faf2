package org.mmport.spi;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rules of a TLB that caches only present entries and forgets by itself what a fault showed to
 * be stale, so that making an entry or raising its rights creates no duty where the bits that
 * hardware reads stay.
 *
 * @param format the bits of entries
 * @param table what a cached table entry holds
 * @param leaf what a cached leaf holds
 * @param lostInPage which bits hardware would set again too late once they are cleared in a page
 * @param lostInHuge the same in a larger leaf
 * @param broken what must not change while the entry is valid
 */
public record PresentOnlyTlb(
    PteFormat format, long table, long leaf, long lostInPage, long lostInHuge, Broken broken)
    implements TlbRules {
  /** All that hardware reads. */
  private static final String READ = "read";

  private static final Set<String> ROWS =
      new TreeSet<>(
          List.of("table", "leaf", "lost", "lost huge", "break", "break cleared", "break run"));

  /**
   * What only {@link MmuFeature#BREAK_BEFORE_MAKE} may change: where {@code leaf} is not 0, the
   * addresses of leaves and tables too.
   *
   * @param table of table entries
   * @param leaf of leaves, and between a leaf and a table
   * @param cleared in leaves that have it set
   * @param run in entries of a contiguous run, not even for a while
   */
  public record Broken(long table, long leaf, long cleared, long run) {
    private boolean mayNot(long oldRaw, long changed, boolean inRun, long frame) {
      return leaf != 0 && (changed & (leaf | frame | (oldRaw & cleared) | (inRun ? run : 0))) != 0;
    }
  }

  /**
   * From a small table of text, a row for each thing said, in the names of fields as {@link
   * EntryField#bits} reads them: {@code lost: D}.
   *
   * <ul>
   *   <li>{@code table}, {@code leaf}: what is cached of either, so that its change owes a flush;
   *       where there is no such row, {@code read}, which is all that hardware reads
   *   <li>{@code lost}, {@code lost huge}: what hardware would set again too late once it is
   *       cleared in a leaf, and more of that above PTE; setting it owes nothing
   *   <li>{@code break}: what a valid entry must not change in place, but what {@code table} and
   *       {@code leaf} name
   *   <li>{@code break cleared}: what a valid leaf must not lose in place; {@code break run}: what
   *       one of a contiguous run must not change besides
   * </ul>
   *
   * @throws InvalidRequestException for a row that is not so made
   */
  public static PresentOnlyTlb of(PteFormat format, String text) {
    Map<String, String> rows = new HashMap<>();
    text.lines().filter(line -> !line.isBlank()).forEach(line -> read(line.trim(), rows));
    PteBits bits = format.bits();
    long table = bits(format, EntryKind.TABLE, rows.getOrDefault("table", READ));
    long leaf = bits(format, EntryKind.PAGE, rows.getOrDefault("leaf", READ));
    long lost = bits(format, EntryKind.PAGE, rows.getOrDefault("lost", ""));
    long moreLost = bits(format, EntryKind.PAGE, rows.getOrDefault("lost huge", ""));
    String broken = rows.getOrDefault("break", "");
    return new PresentOnlyTlb(
        format,
        table,
        leaf & ~bits.softwareWrite(),
        lost,
        lost | moreLost,
        new Broken(
            bits(format, EntryKind.TABLE, broken) & ~table,
            bits(format, EntryKind.PAGE, broken) & ~(leaf | bits.pageFrame() | bits.hugeFrame()),
            bits(format, EntryKind.PAGE, rows.getOrDefault("break cleared", "")),
            bits(format, EntryKind.PAGE, rows.getOrDefault("break run", ""))));
  }

  private static long bits(PteFormat format, EntryKind kind, String names) {
    if (names.equals(READ)) {
      PteBits bits = format.bits();
      return kind == EntryKind.TABLE ? bits.readInTable() : bits.readInLeaf();
    }
    return EntryField.bits(format.fields(), kind, names);
  }

  private static void read(String line, Map<String, String> rows) {
    int colon = line.indexOf(':');
    require(colon > 0, line, "write what it is about, a colon, and names of fields");
    String key = line.substring(0, colon);
    require(ROWS.contains(key), line, "'%s' is none of %s".formatted(key, ROWS));
    require(
        rows.put(key, line.substring(colon + 1).trim()) == null,
        line,
        "there is one already; say each once");
  }

  private static void require(boolean holds, String line, String rule) {
    if (!holds) {
      throw new InvalidRequestException("TLB rule '" + line + "': " + rule);
    }
  }

  @Override
  public TlbDuty duty(long oldRaw, long newRaw, Level level) {
    if (!format.valid(oldRaw, level)) {
      return TlbDuty.NONE;
    }
    long changed = oldRaw ^ newRaw;
    boolean wasLeaf = format.leaf(oldRaw, level);
    if (!format.valid(newRaw, level)) {
      return wasLeaf ? TlbDuty.FLUSH_LEAF : TlbDuty.FLUSH_WALK_CACHES;
    }
    if (!wasLeaf && !format.leaf(newRaw, level)) {
      return table(changed);
    }
    PteBits bits = format.bits();
    boolean inRun = ((oldRaw | newRaw) & bits.contiguous()) != 0;
    if (broken.mayNot(oldRaw, changed, inRun, format.frameMask(level))) {
      return wasLeaf ? TlbDuty.BREAK_LEAF_BEFORE_MAKE : TlbDuty.BREAK_BEFORE_MAKE;
    }
    if (!wasLeaf || !format.leaf(newRaw, level)) {
      return table(changed);
    }
    long onClear = oldRaw & (level == Level.PTE ? lostInPage : lostInHuge);
    return (changed & (leaf | onClear)) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_LEAF;
  }

  private TlbDuty table(long changed) {
    if ((changed & broken.table()) != 0) {
      return TlbDuty.BREAK_BEFORE_MAKE;
    }
    return (changed & table) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_WALK_CACHES;
  }

  /**
   * The same where CPUs read the entries of the root when they load it and never again, not even
   * where those were not present.
   */
  public TlbRules readingRootsOnce() {
    return (oldRaw, newRaw, level) -> {
      if (level != Level.PGD) {
        return duty(oldRaw, newRaw, level);
      }
      boolean read = ((oldRaw ^ newRaw) & format.bits().readInTable()) != 0;
      return read ? TlbDuty.RELOAD_ROOT : TlbDuty.NONE;
    };
  }
}

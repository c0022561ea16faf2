package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PteFormat;

/** FMT 70 to 79: entries that are neither none nor present. */
final class FmtSwapClauses {
  private static final int LINUX_SWAP_TYPES = 32;

  private FmtSwapClauses() {}

  @Clause(
      id = "FMT-70",
      text = "Type and offset of a swap entry come back, up to the largest of both",
      source =
          "kernel: pte_swap_tests, pmd_softleaf_tests; pte_swap_exclusive_tests (maximum offset)",
      check = "mkSwap, swapType and swapOffset; offsets that are stored inverted")
  static void swapRoundTrip(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, type, offset) -> {
          c.check(
              f.swapType(raw, level) == type, level, raw, "type " + type, f.swapType(raw, level));
          c.same(offset, f.swapOffset(raw, level), level, raw, "offset");
        });
  }

  @Clause(
      id = "FMT-71",
      text = "A swap entry is one for Linux: not none, present, valid or PROT_NONE",
      source = "kernel: is_swap_pte",
      check = "which bits of a swap entry must be 0, or it counts as present")
  static void swapIsSwap(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, type, offset) -> {
          c.check(f.swap(raw, level), level, raw, "a swap entry", "none or present");
          c.check(!f.valid(raw, level), level, raw, "invalid for hardware", "valid");
          c.check(!f.present(raw, level), level, raw, "not present", "present");
          c.check(!f.protnone(raw, level), level, raw, "not PROT_NONE", "PROT_NONE");
          c.check(!f.none(raw, level), level, raw, "not none", "none");
        });
  }

  @Clause(
      id = "FMT-72",
      text = "A type or offset that does not fit is refused",
      source = "SPI: PteFormat.mkSwap",
      check = "the range check of mkSwap; a value that is cut off silently")
  static void swapBeyondRangeIsRefused(ClauseContext c) {
    PteFormat f = c.format();
    c.refused("swap type " + f.swapTypes(), () -> f.mkSwap((int) f.swapTypes(), 1, Level.PTE));
    c.refused("swap type -1", () -> f.mkSwap(-1, 1, Level.PTE));
    c.refused("swap offset past the last", () -> f.mkSwap(1, f.swapOffsets(), Level.PTE));
    c.refused("swap offset -1", () -> f.mkSwap(1, -1, Level.PTE));
  }

  @Clause(
      id = "FMT-73",
      text = "A swap entry has room for Linux's 32 swap types",
      source = "kernel: MAX_SWAPFILES_SHIFT is 5, checked by BUILD_BUG_ON in each port",
      check = "the width of the field of role SWAP_TYPE")
  static void swapTypesSuffice(ClauseContext c) {
    c.check(
        c.format().swapTypes() >= LINUX_SWAP_TYPES,
        LINUX_SWAP_TYPES + " types",
        c.format().swapTypes());
    c.check(c.format().swapOffsets() > 1, "more than one offset", c.format().swapOffsets());
  }

  @Clause(
      id = "FMT-74",
      text =
          "swapMkExclusive marks a swap entry, which stays that entry, and the mark comes off again",
      source = "kernel: pte_swap_exclusive_tests",
      check = "the field of role SWAP_EXCLUSIVE: does it overlap type or offset")
  static void swapExclusive(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, type, offset) -> {
          c.check(!f.swapExclusive(raw, level), level, raw, "not exclusive when made", "exclusive");
          long marked = f.swapMkExclusive(raw, level);
          c.check(
              f.swapExclusive(marked, level),
              level,
              marked,
              "exclusive after mkExclusive",
              "not exclusive");
          staysEntry(c, level, raw, marked, "mkExclusive");
          c.same(
              raw,
              f.swapClearExclusive(marked, level),
              level,
              marked,
              "bit for bit after clearing");
        });
  }

  @Clause(
      id = "FMT-75",
      text = "Exclusive is neither soft-dirty nor uffd-wp: each mark comes and goes alone",
      source = "kernel: pte_swap_exclusive_tests (not soft-dirty)",
      check = "whether two of the three marks share a bit")
  static void swapMarksAreIndependent(ClauseContext c) {
    PteFormat f = c.format();
    if (f.bits().swapSoftDirty() == 0 && f.bits().swapUffdWp() == 0) {
      throw c.notApplicable(c.variant().id() + " has no other mark in swap entries");
    }
    each(
        c,
        (raw, level, type, offset) -> {
          long exclusive = f.swapMkExclusive(raw, level);
          c.check(
              !f.swapSoftDirty(exclusive, level),
              level,
              exclusive,
              "exclusive and not soft-dirty",
              "soft-dirty");
          c.check(
              !f.swapUffdWp(exclusive, level),
              level,
              exclusive,
              "exclusive and not uffd-wp",
              "uffd-wp");
          long others = raw;
          others = c.has(MmuFeature.SOFT_DIRTY) ? f.swapMkSoftDirty(others, level) : others;
          others = c.has(MmuFeature.UFFD_WP) ? f.swapMkUffdWp(others, level) : others;
          c.check(
              !f.swapExclusive(others, level),
              level,
              others,
              "not exclusive with the other marks",
              "exclusive");
          long cleared = f.swapClearExclusive(f.swapMkExclusive(others, level), level);
          c.same(others, cleared, level, cleared, "the other marks kept:");
        });
  }

  @Clause(
      id = "FMT-76",
      text =
          "A swap entry can be marked soft-dirty and stays that entry, and the mark comes off again",
      source = "kernel: pte_swap_soft_dirty_tests, pmd_leaf_soft_dirty_tests",
      check = "swapMkSoftDirty, swapClearSoftDirty and the SWAP field of role SOFT_DIRTY",
      requires = MmuFeature.SOFT_DIRTY)
  static void swapSoftDirty(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, type, offset) -> {
          c.check(
              !f.swapSoftDirty(raw, level), level, raw, "not soft-dirty when made", "soft-dirty");
          long marked = f.swapMkSoftDirty(raw, level);
          c.check(
              f.swapSoftDirty(marked, level),
              level,
              marked,
              "soft-dirty after the mark",
              "not soft-dirty");
          staysEntry(c, level, raw, marked, "mkSoftDirty");
          c.same(
              raw,
              f.swapClearSoftDirty(marked, level),
              level,
              marked,
              "bit for bit after clearing");
        });
  }

  @Clause(
      id = "FMT-77",
      text =
          "A swap entry can be marked uffd-wp and stays that entry, and the mark comes off again",
      source = "kernel: pte_swp_mkuffd_wp",
      check = "swapMkUffdWp, swapClearUffdWp and the SWAP field of role UFFD_WP",
      requires = MmuFeature.UFFD_WP)
  static void swapUffdWp(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, type, offset) -> {
          c.check(!f.swapUffdWp(raw, level), level, raw, "no mark when made", "uffd-wp");
          long marked = f.swapMkUffdWp(raw, level);
          c.check(f.swapUffdWp(marked, level), level, marked, "uffd-wp after the mark", "no mark");
          staysEntry(c, level, raw, marked, "mkUffdWp");
          c.same(
              raw, f.swapClearUffdWp(marked, level), level, marked, "bit for bit after clearing");
        });
  }

  @Clause(
      id = "FMT-78",
      text = "Type and offset taken from a swap entry make the same entry, bit for bit",
      source = "kernel: pte_swap_tests, pmd_softleaf_tests",
      check = "bits of a swap entry that mkSwap sets and nothing reads")
  static void swapIsBitIdentical(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, type, offset) ->
            c.same(
                raw,
                f.mkSwap(f.swapType(raw, level), f.swapOffset(raw, level), level),
                level,
                raw,
                "the same entry"));
  }

  @Clause(
      id = "FMT-79",
      text = "Where a swap entry could be taken for an invalidated leaf, it is refused above PTE",
      source = "kernel: ARCH_ENABLE_THP_MIGRATION, pmd_present() of x86",
      check = "mkSwap at levels above PTE",
      absent = MmuFeature.HUGE_SWAP)
  static void hugeSwapIsRefused(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      c.unsupported(
          MmuFeature.HUGE_SWAP, "a swap entry at " + level, () -> c.format().mkSwap(1, 1, level));
    }
  }

  private static void staysEntry(ClauseContext c, Level level, long raw, long marked, String what) {
    PteFormat f = c.format();
    c.check(f.swap(marked, level), level, marked, "a swap entry after " + what, "none or present");
    c.check(
        f.swapType(marked, level) == f.swapType(raw, level),
        level,
        marked,
        "type unchanged by " + what,
        f.swapType(marked, level));
    c.same(
        f.swapOffset(raw, level),
        f.swapOffset(marked, level),
        level,
        marked,
        "offset unchanged by " + what + ":");
  }

  /** What is done with each swap entry. */
  @FunctionalInterface
  private interface Visitor {
    void swap(long raw, Level level, int type, long offset);
  }

  private static void each(ClauseContext c, Visitor visitor) {
    int types = (int) Math.min(c.format().swapTypes(), 1 << 8);
    for (Level level : c.swapLevels()) {
      for (int type = 0; type < types; type++) {
        for (long offset : offsets(c)) {
          OptionalLong raw = make(c, level, type, offset);
          if (raw.isPresent()) {
            visitor.swap(raw.getAsLong(), level, type, offset);
          }
        }
      }
    }
  }

  /** One entry may be refused: that of type 0 with the first or the last offset. */
  private static OptionalLong make(ClauseContext c, Level level, int type, long offset) {
    try {
      return OptionalLong.of(c.format().mkSwap(type, offset, level));
    } catch (InvalidRequestException e) {
      boolean edge = type == 0 && (offset == 0 || offset == c.format().swapOffsets() - 1);
      c.check(
          edge,
          level,
          "swap type %d offset 0x%x accepted".formatted(type, offset),
          String.valueOf(e.getMessage()));
      return OptionalLong.empty();
    }
  }

  private static List<Long> offsets(ClauseContext c) {
    long last = c.format().swapOffsets() - 1;
    List<Long> all = new ArrayList<>(List.of(0L, 1L, last, last - 1));
    for (long bit = 2; bit > 0 && bit <= last; bit <<= 1) {
      all.add(bit);
    }
    for (int i = 0; i < 8; i++) {
      all.add(c.random().nextLong() & last);
    }
    return all;
  }
}

package org.mmport.conformance;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.mmport.machine.FrameAllocator;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteBits;
import org.mmport.spi.Registers;
import org.mmport.spi.RootLookup;
import org.mmport.spi.VaRegion;

/** GEO: what a port says of its tables' shape is consistent, and is what the manual says. */
final class GeoClauses {
  private GeoClauses() {}

  @Clause(
      id = "GEO-01",
      text = "A level's shift is the page shift plus the index bits of all levels below it",
      source = "kernel: PGDIR_SHIFT, P4D_SHIFT, PUD_SHIFT, PMD_SHIFT; bug class 11",
      check = "indexBits of each level, and pageShift")
  static void shiftsAddUp(ClauseContext c) {
    for (Level level : Level.values()) {
      int shift = Samples.shift(c.geometry(), level);
      c.check(
          c.geometry().shift(level) == shift, level, "shift " + shift, c.geometry().shift(level));
    }
  }

  @Clause(
      id = "GEO-02",
      text = "A table's bytes are its entries times their bytes, and its placement holds them",
      source = "kernel: PTRS_PER_PGD to PTRS_PER_PTE, PGD_SIZE",
      check = "the level's placement and entryBytes; a table's size is never simply a page")
  static void tableBytes(ClauseContext c) {
    for (Level level : c.realLevels()) {
      LevelGeometry at = c.geometry().at(level);
      long bytes = (long) c.geometry().entryBytes() << at.indexBits();
      c.check(
          c.geometry().tableBytes(level) == bytes,
          level,
          bytes + " bytes",
          c.geometry().tableBytes(level));
      c.check(
          at.placement().sizeBytes() >= bytes,
          level,
          "placement of at least " + bytes,
          at.placement());
    }
  }

  @Clause(
      id = "GEO-03",
      text = "A table lies aligned to an entry at least, and is no larger than a block of frames",
      source = "kernel: natural alignment of PGD_SIZE slabs; buddy allocator's largest order",
      check = "the level's placement")
  static void tablesCanBeAllocated(ClauseContext c) {
    for (Level level : c.realLevels()) {
      int align = c.geometry().at(level).placement().alignBytes();
      long size = c.geometry().at(level).placement().sizeBytes();
      c.check(align >= c.geometry().entryBytes(), level, "alignment to an entry", align);
      c.check(
          size <= c.geometry().pageBytes() << FrameAllocator.MAX_ORDER,
          level,
          "a table of at most 2^" + FrameAllocator.MAX_ORDER + " frames",
          size);
    }
  }

  @Clause(
      id = "GEO-04",
      text = "No two addresses that a root translates have the same path through its tables",
      source = "bug class 10: a non-canonical address aliases a canonical one",
      check = "the VA layout against pageShift plus all index bits")
  static void regionsDoNotAlias(ClauseContext c) {
    int vaBits = Samples.shift(c.geometry(), Level.PGD) + c.geometry().at(Level.PGD).indexBits();
    long mask = vaBits == 64 ? -1L : (1L << vaBits) - 1;
    List<VaRegion> regions = c.geometry().vaLayout().regions();
    for (VaRegion region : regions) {
      long first = region.firstVa() & mask;
      c.checkVa(
          Long.compareUnsigned(first, region.lastVa() & mask) <= 0,
          region.firstVa(),
          "region " + region.name() + " within " + vaBits + " bits",
          region);
      for (VaRegion other : regions) {
        boolean overlap =
            region.root() == other.root()
                && !region.equals(other)
                && Long.compareUnsigned(first, other.lastVa() & mask) <= 0
                && Long.compareUnsigned(other.firstVa() & mask, region.lastVa() & mask) <= 0;
        c.checkVa(
            !overlap, region.firstVa(), "paths of its own for " + region.name(), other.name());
      }
    }
  }

  @Clause(
      id = "GEO-05",
      text = "Every region starts and ends at the edge of a page",
      source = "kernel: TASK_SIZE, VMALLOC_START; R0.20 (ranges at the top)",
      check = "firstVa and lastVa (inclusive) of the regions")
  static void regionsAreWholePages(ClauseContext c) {
    long offset = c.geometry().pageBytes() - 1;
    for (VaRegion region : c.geometry().vaLayout().regions()) {
      c.checkVa((region.firstVa() & offset) == 0, region.firstVa(), "the start of a page", region);
      c.checkVa((region.lastVa() & offset) == offset, region.lastVa(), "the end of a page", region);
    }
  }

  @Clause(
      id = "GEO-06",
      text = "The edges of a region belong to it, and what lies just outside does not",
      source = "bug class 10",
      check = "VaLayout.regionOf and unsigned comparison of addresses")
  static void regionEdges(ClauseContext c) {
    for (VaRegion region : c.geometry().vaLayout().regions()) {
      for (long va : new long[] {region.firstVa(), region.lastVa()}) {
        boolean found = c.geometry().vaLayout().regionOf(va).filter(region::equals).isPresent();
        c.checkVa(found, va, "region " + region.name(), c.geometry().vaLayout().regionOf(va));
      }
    }
    for (long va : Samples.nonCanonical(c)) {
      c.checkVa(
          c.geometry().vaLayout().regionOf(va).isEmpty(),
          va,
          "no region",
          c.geometry().vaLayout().regionOf(va));
    }
  }

  @Clause(
      id = "GEO-07",
      text = "Index and offset of every level together give back the address",
      source = "kernel: pgd_index to pte_index; bug class 11",
      check = "indexBits of each level")
  static void indicesGiveBackTheAddress(ClauseContext c) {
    PagingGeometry geometry = c.geometry();
    for (long page : Samples.pages(c, 64)) {
      long va = page | (c.random().nextLong() & (geometry.pageBytes() - 1));
      long path = va & (geometry.pageBytes() - 1);
      for (Level level : Level.values()) {
        path |= (long) geometry.index(level, va) << Samples.shift(geometry, level);
      }
      long expected = geometry.vaBits() == 64 ? va : va & ((1L << geometry.vaBits()) - 1);
      c.checkVa(path == expected, va, ClauseContext.hex(expected) + " from its indices", path);
    }
  }

  @Clause(
      id = "GEO-08",
      text =
          "An entry of a level has exactly the frame bits that paBits and the level's span ask for",
      source = "manuals' entry formats; kernel: __PHYSICAL_MASK, PTE_PFN_MASK",
      check = "frameMask of the level, paBits, and the level's shift")
  static void frameBitsFitPhysicalAddresses(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      long mask = c.format().frameMask(level);
      int bits = c.geometry().paBits(level) - Samples.shift(c.geometry(), level);
      c.check(Long.bitCount(mask) == bits, level, mask, bits + " frame bits", Long.bitCount(mask));
    }
  }

  @Clause(
      id = "GEO-09",
      text = "The fields of each kind of entry cover every bit of it once",
      source = "manuals' entry formats; the command show draws them",
      check = "PteFormat.fields(): bits left out, or named twice for one kind")
  static void fieldsCoverTheEntry(ClauseContext c) {
    long entryMask = entryMask(c);
    for (EntryKind kind : kinds(c)) {
      long covered = 0;
      for (EntryField field : c.format().fields()) {
        if (field.kinds().contains(kind)) {
          c.check((covered & field.mask()) == 0, "each bit of " + kind + " once", field);
          covered |= field.mask();
        }
      }
      long missing = entryMask & ~covered;
      c.check(
          missing == 0,
          "a field for every bit of " + kind,
          "none for " + ClauseContext.hex(missing));
      c.check(covered == entryMask, "no bits of " + kind + " beyond the entry", covered);
    }
  }

  @RestsOn("GEO-09")
  @Clause(
      id = "GEO-10",
      text = "bits() holds the masks of fields()",
      source = "SPI: PteFormat.bits()",
      check = "that bits() is PteBits.of(fields())")
  static void bitsAreThoseOfFields(ClauseContext c) {
    List<String> expected = masks(PteBits.of(c.format().fields()));
    List<String> found = masks(c.format().bits());
    for (int i = 0; i < expected.size(); i++) {
      c.check(expected.get(i).equals(found.get(i)), expected.get(i), found.get(i));
    }
  }

  @Clause(
      id = "GEO-11",
      text = "Features of the shape are those that follow from geometry and segments",
      source = "SPI: MmuFeature",
      check = "leafAllowed, placement, storeBytes, swap fields, and the segment map")
  static void derivedFeatures(ClauseContext c) {
    PagingGeometry geometry = c.geometry();
    Set<MmuFeature> expected = EnumSet.noneOf(MmuFeature.class);
    add(expected, MmuFeature.LEAF_PMD, geometry.at(Level.PMD).leafAllowed());
    add(expected, MmuFeature.LEAF_PUD, geometry.at(Level.PUD).leafAllowed());
    add(expected, MmuFeature.SPLIT_STORE, geometry.storeBytes() != geometry.entryBytes());
    add(expected, MmuFeature.SEGMENTS, c.variant().segmentMap().segmentShift() < 64);
    add(expected, MmuFeature.HUGE_SWAP, c.leafLevels().size() > 1 && !swapHidesLeaf(c));
    add(expected, MmuFeature.HASHED, c.variant().segmentMap().hashMmu().isPresent());
    for (Level level : c.realLevels()) {
      long sizeBytes = geometry.at(level).placement().sizeBytes();
      add(expected, MmuFeature.SUB_PAGE_TABLES, sizeBytes >> geometry.pageShift() == 0);
      add(expected, MmuFeature.MULTI_PAGE_TABLES, sizeBytes >> geometry.pageShift() > 1);
      MmuFeature runs = level == Level.PTE ? MmuFeature.CONT_PTE : MmuFeature.CONT_PMD;
      add(expected, runs, c.variant().batchOps().runEntries(level) != 1);
    }
    for (MmuFeature feature : MmuFeature.values()) {
      if (feature.isDerived() && !OF_BITS.contains(feature)) {
        boolean declared = c.has(feature);
        c.check(declared == expected.contains(feature), feature + " only if it follows", declared);
      }
    }
  }

  /** Whether a field of swap entries uses the bit that makes a large leaf one. */
  private static boolean swapHidesLeaf(ClauseContext c) {
    Set<EntryRole> data =
        EnumSet.of(
            EntryRole.SWAP_TYPE,
            EntryRole.SWAP_OFFSET,
            EntryRole.SWAP_OFFSET_INVERTED,
            EntryRole.SWAP_EXCLUSIVE,
            EntryRole.SOFT_DIRTY,
            EntryRole.UFFD_WP);
    return c.format().fields().stream()
        .filter(leaf -> leaf.role() == EntryRole.LEAF && leaf.kinds().contains(EntryKind.HUGE))
        .anyMatch(
            leaf ->
                c.format().fields().stream()
                    .filter(f -> f.kinds().contains(EntryKind.SWAP) && data.contains(f.role()))
                    .anyMatch(f -> (f.mask() & leaf.mask()) != 0));
  }

  /** Those that GEO-12 looks at. */
  private static final Set<MmuFeature> OF_BITS =
      EnumSet.of(
          MmuFeature.PTE_SPECIAL,
          MmuFeature.SOFT_DIRTY,
          MmuFeature.UFFD_WP,
          MmuFeature.PROTECTION_KEYS,
          MmuFeature.NO_EXECUTE,
          MmuFeature.GLOBAL_PAGES);

  @RestsOn("GEO-09")
  @Clause(
      id = "GEO-12",
      text = "A variant has the features that are bits of an entry if and only if it has the bits",
      source = "SPI: MmuFeature; kernel: ARCH_HAS_PTE_SPECIAL, HAVE_ARCH_SOFT_DIRTY, ...",
      check = "the variant's features against the roles of its fields")
  static void featuresMatchFields(ClauseContext c) {
    matches(c, MmuFeature.PTE_SPECIAL, EntryRole.SPECIAL);
    matches(c, MmuFeature.SOFT_DIRTY, EntryRole.SOFT_DIRTY);
    matches(c, MmuFeature.UFFD_WP, EntryRole.UFFD_WP);
    matches(c, MmuFeature.PROTECTION_KEYS, EntryRole.KEY);
    matches(c, MmuFeature.NO_EXECUTE, EntryRole.NO_EXEC, EntryRole.EXEC);
    matches(
        c,
        MmuFeature.GLOBAL_PAGES,
        EntryRole.GLOBAL,
        EntryRole.GLOBAL_OR_PROTNONE,
        EntryRole.NOT_GLOBAL_OR_INVALIDATED);
  }

  @Clause(
      id = "GEO-13",
      text =
          "A variant's id is its port's name, a slash and a name of its own, and nobody else has it",
      source = "SPI: Architecture.name(), MmuVariant.id()",
      check = "the ids in Architecture.variants()")
  static void idsAreUnique(ClauseContext c) {
    List<String> ids = ConformanceSuite.variants().stream().map(MmuVariant::id).toList();
    long count = ids.stream().filter(c.variant().id()::equals).count();
    c.check(count <= 1, "one variant of that id on the class path", count);
    c.check(
        c.variant().id().matches("[a-z0-9_]+/[a-z0-9_-]+"),
        "an id like x86_64/4level",
        c.variant());
    boolean owned =
        count == 0 || GoldenRows.ports().anyMatch(port -> c.variant().id().startsWith(port + "/"));
    c.check(owned, "the name of a port before the slash", c.variant());
  }

  @Clause(
      id = "GEO-14",
      text = "Where registers say nothing, the root finder says so and does not guess",
      source = "the command translate: roots from a dump's own notes",
      check = "the variant's RootFinder with registers missing")
  static void noRegistersNoRoot(ClauseContext c) {
    RootLookup found = c.variant().rootFinder().find(Registers.NONE);
    boolean notSelected = found instanceof RootLookup.NotSelected no && !no.why().isBlank();
    c.check(notSelected, "not selected, with a reason", found);
  }

  @Clause(
      id = "GEO-15",
      text = "Shifts, entries, table bytes, leaves and regions are those of the geometry rows",
      source = "manuals and kernel headers (pgtable_64_types.h and the like), written down by hand",
      check = "the port's geometry against golden/<port>-geometry.tsv and the manual")
  static void goldenGeometry(ClauseContext c) {
    GoldenGeometry.of(c).check(c);
  }

  private static List<String> masks(PteBits bits) {
    return Arrays.asList(bits.toString().split("[\\[\\],] ?", -1));
  }

  private static void matches(ClauseContext c, MmuFeature feature, EntryRole... roles) {
    boolean hasBits =
        c.format().fields().stream().anyMatch(field -> List.of(roles).contains(field.role()));
    c.check(
        c.has(feature) == hasBits,
        feature + (hasBits ? " declared" : " not declared"),
        c.variant().features());
  }

  private static void add(Set<MmuFeature> set, MmuFeature feature, boolean holds) {
    if (holds) {
      set.add(feature);
    }
  }

  private static Set<EntryKind> kinds(ClauseContext c) {
    Set<EntryKind> kinds = EnumSet.of(EntryKind.PAGE, EntryKind.SWAP);
    if (c.realLevels().size() > 1) {
      kinds.add(EntryKind.TABLE);
    }
    if (c.leafLevels().size() > 1) {
      kinds.add(EntryKind.HUGE);
    }
    if (c.hasKind(EntryKind.ROOT)) {
      kinds.add(EntryKind.ROOT);
    }
    return kinds;
  }

  private static long entryMask(ClauseContext c) {
    return c.geometry().entryBytes() == 8 ? -1L : (1L << (8 * c.geometry().entryBytes())) - 1;
  }
}

package org.mmport.spi;

import java.util.EnumSet;
import java.util.Set;

/**
 * What an MMU can do. Some are declared by the port; those that follow from the geometry are
 * derived, so that they cannot lie. Each is tested both ways: present means that it works, absent
 * means that it is refused.
 */
public enum MmuFeature {
  /**
   * Hardware sets the accessed bit; without it software must take a fault to learn of an access: an
   * old leaf is refused whatever its {@link PteFormat#rights}, which leave that out.
   */
  HW_ACCESSED,
  /**
   * Hardware sets the dirty bit; without it the first write to a clean page faults. Where hardware
   * walks the tables, {@link PteFormat#rights} say so: a leaf that is writable and clean can be
   * written with this feature, and cannot without.
   */
  HW_DIRTY,
  /** Entries can forbid execution. Derived. */
  NO_EXECUTE,
  /** Entries can be global: kept in the TLB over a change of address space. Derived. */
  GLOBAL_PAGES,
  /** TLB entries carry an address-space tag (PCID, ASID, PID). */
  ASID,
  /** Table entries can take rights away from everything below them. */
  HIERARCHICAL_RIGHTS,
  /** A software bit marks a page without a struct page. Derived. */
  PTE_SPECIAL,
  /** A software bit tracks writes for checkpointing. Derived. */
  SOFT_DIRTY,
  /** A software bit write-protects for userfaultfd. Derived. */
  UFFD_WP,
  /** Leaves carry a protection key. Derived. */
  PROTECTION_KEYS,
  /** Aligned runs of PTEs can be cached as one translation. Derived. */
  CONT_PTE,
  /** Aligned runs of leaves above PTE can be cached as one translation. Derived. */
  CONT_PMD,
  /** Some changes of a valid entry must go through an invalid one and a flush. */
  BREAK_BEFORE_MAKE,
  /** Invalidation reaches other CPUs by hardware; without it an interrupt must. */
  BROADCAST_TLBI,
  /** CPUs can be made to load another root for a running address space. */
  ROOT_RELOAD,
  /** The CPU caches root entries at root load, so that changing one demands a reload. */
  ROOT_ENTRIES_CACHED,
  /** Translations live in a hash table that software fills from the page tables. Derived. */
  HASHED,
  /** The TLB is keyed by segment. Derived: the variant has a segment map. */
  SEGMENTS,
  /** PUD entries can map memory. Derived. */
  LEAF_PUD,
  /** PMD entries can map memory. Derived. */
  LEAF_PMD,
  /**
   * Swap and migration entries can stand where a huge leaf stands. Derived: no bit of a swap entry
   * is the one that keeps an invalidated leaf present ({@code ARCH_ENABLE_THP_MIGRATION}).
   */
  HUGE_SWAP,
  /** Some table is smaller than a page. Derived. */
  SUB_PAGE_TABLES,
  /** Some table is larger than a page. Derived. */
  MULTI_PAGE_TABLES,
  /** An entry is stored in two halves. Derived. */
  SPLIT_STORE;

  private static final Set<MmuFeature> DERIVED =
      EnumSet.of(
          NO_EXECUTE,
          GLOBAL_PAGES,
          PTE_SPECIAL,
          SOFT_DIRTY,
          UFFD_WP,
          PROTECTION_KEYS,
          CONT_PTE,
          CONT_PMD,
          HASHED,
          SEGMENTS,
          LEAF_PUD,
          LEAF_PMD,
          HUGE_SWAP,
          SUB_PAGE_TABLES,
          MULTI_PAGE_TABLES,
          SPLIT_STORE);

  /** Whether the feature follows from other parts of the variant and must not be declared. */
  public boolean isDerived() {
    return DERIVED.contains(this);
  }

  static Set<MmuFeature> derive(
      PagingGeometry geometry, PteFormat format, SegmentMap segments, BatchOps batchOps) {
    Set<MmuFeature> derived = EnumSet.noneOf(MmuFeature.class);
    Set<EntryRole> roles = EnumSet.noneOf(EntryRole.class);
    for (EntryField field : format.fields()) {
      roles.add(field.role());
    }
    addIf(derived, NO_EXECUTE, roles.contains(EntryRole.NO_EXEC) || roles.contains(EntryRole.EXEC));
    addIf(derived, GLOBAL_PAGES, roles.contains(EntryRole.GLOBAL));
    addIf(derived, GLOBAL_PAGES, roles.contains(EntryRole.GLOBAL_OR_PROTNONE));
    addIf(derived, GLOBAL_PAGES, roles.contains(EntryRole.NOT_GLOBAL_OR_INVALIDATED));
    addIf(derived, PTE_SPECIAL, roles.contains(EntryRole.SPECIAL));
    addIf(derived, SOFT_DIRTY, roles.contains(EntryRole.SOFT_DIRTY));
    addIf(derived, UFFD_WP, roles.contains(EntryRole.UFFD_WP));
    addIf(derived, PROTECTION_KEYS, roles.contains(EntryRole.KEY));
    addIf(derived, HUGE_SWAP, leafAbovePte(geometry) && !format.bits().swapHidesLeaf());
    addIf(derived, HASHED, segments.hashMmu().isPresent());
    addIf(derived, LEAF_PUD, geometry.at(Level.PUD).leafAllowed());
    addIf(derived, LEAF_PMD, geometry.at(Level.PMD).leafAllowed());
    addIf(derived, SPLIT_STORE, geometry.storeBytes() < geometry.entryBytes());
    addIf(derived, SEGMENTS, segments.segmentShift() < Long.SIZE);
    for (LevelGeometry level : geometry.levels()) {
      int size = level.placement().sizeBytes();
      addIf(derived, SUB_PAGE_TABLES, !level.isFolded() && size < geometry.pageBytes());
      addIf(derived, MULTI_PAGE_TABLES, size > geometry.pageBytes());
      boolean runs = batchOps.runEntries(level.level()) > 1;
      addIf(derived, level.level() == Level.PTE ? CONT_PTE : CONT_PMD, runs);
    }
    return derived;
  }

  private static boolean leafAbovePte(PagingGeometry geometry) {
    return geometry.levels().stream()
        .anyMatch(level -> level.level() != Level.PTE && level.leafAllowed());
  }

  private static void addIf(Set<MmuFeature> set, MmuFeature feature, boolean holds) {
    if (holds) {
      set.add(feature);
    }
  }
}

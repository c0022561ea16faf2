package org.mmport.mm;

import java.util.Optional;
import java.util.OptionalLong;
import org.mmport.machine.FrameAllocator;
import org.mmport.pgtable.HugeEntries;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * Whether private memory is mapped by leaves above the last level, and of what size these are:
 * those that map what a table of the last level does.
 *
 * <p>There are none where the variant has no such leaf, or where its memory is more than one block
 * of the frame allocator. Nor are there with a hash table: a segment has one size of pages that its
 * entries are found by, and Linux keeps the places of a huge page's pieces in the table put by for
 * it ({@code hash__pgtable_trans_huge_deposit()}, {@code get_hpte_slot_array()} of powerpc), where
 * here a leaf notes one.
 */
final class HugePageSettings {
  private final MmuVariant variant;
  private final Optional<Level> level;
  private final int order;
  private final String why;
  private volatile HugePagePolicy policy = HugePagePolicy.NEVER;

  HugePageSettings(MmuVariant variant) {
    this.variant = variant;
    Optional<Level> leaf = HugeEntries.level(variant);
    int pages = leaf.map(variant.geometry()::shift).orElse(0) - variant.geometry().pageShift();
    if (leaf.isEmpty()) {
      this.why = "has no leaves above the last level";
    } else if (variant.segmentMap().hashMmu().isPresent()) {
      this.why = "hashes user memory by pages of one size";
    } else if (pages > FrameAllocator.MAX_ORDER) {
      this.why =
          "needs blocks of order %d, and the largest is %d"
              .formatted(pages, FrameAllocator.MAX_ORDER);
    } else {
      this.why = "";
    }
    this.level = why.isEmpty() ? leaf : Optional.empty();
    this.order = pages;
  }

  /** Has the policy hold from now on. Refused where there are no huge pages, save for NEVER. */
  void use(HugePagePolicy newPolicy) {
    if (newPolicy != HugePagePolicy.NEVER) {
      requireLevel("huge pages " + newPolicy);
    }
    policy = newPolicy;
  }

  /** The level of their leaves; refused where there are none. */
  Level requireLevel(String request) {
    return level.orElseThrow(
        () ->
            new InvalidRequestException(
                "%s: %s %s; use folios of the last level".formatted(request, variant.id(), why)));
  }

  /** Bytes of one, if there are such. */
  OptionalLong bytes() {
    return level.isPresent()
        ? OptionalLong.of(variant.geometry().spanBytes(level.get()))
        : OptionalLong.empty();
  }

  /** log2 of the pages of one. */
  int order() {
    return order;
  }

  /** Whether a mapping gets huge pages where it is written first: {@code vma_thp_disabled()}. */
  boolean wants(Vma vma) {
    return mayHave(vma) && collects(vma);
  }

  /** Whether khugepaged looks at a mapping: {@code khugepaged_enter_vma()}. */
  boolean collects(Vma vma) {
    return level.isPresent()
        && switch (policy) {
          case NEVER -> false;
          case MADVISE -> vma.advice() == HugePageAdvice.HUGEPAGE;
          case ALWAYS -> vma.advice() != HugePageAdvice.NOHUGEPAGE;
        };
  }

  /** Whether a mapping may have one of a file at an address: {@code thp_vma_suitable_order()}. */
  boolean mayShowWhole(Vma vma, Backing.OfFile backing, long va) {
    if (level.isEmpty() || vma.advice() == HugePageAdvice.NOHUGEPAGE) {
      return false;
    }
    long bytes = variant.geometry().spanBytes(level.get());
    long firstVa = va & -bytes;
    long page = backing.pageOffset() + ((firstVa - vma.firstVa()) >> backing.file().pageShift());
    return vma.contains(firstVa)
        && vma.contains(firstVa + bytes - 1)
        && (page & ((1L << order) - 1)) == 0;
  }

  /** Whether it may have them at all. */
  boolean mayHave(Vma vma) {
    return vma.backing() instanceof Backing.Anonymous && vma.advice() != HugePageAdvice.NOHUGEPAGE;
  }
}

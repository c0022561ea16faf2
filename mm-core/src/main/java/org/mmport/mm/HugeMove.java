package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import org.mmport.pgtable.HugeEntries;
import org.mmport.pgtable.HugeEntry;

/**
 * Moves huge pages of a range to another of the same address space as they are, where they are as
 * aligned there: {@code move_huge_pmd()}. Others are split, and move by entries.
 */
final class HugeMove {
  private final AddressSpace mm;
  private final HugeEntries entries;
  private final PageGather gather;
  private final long fromVa;
  private final long toVa;
  private final long sizeBytes;

  /** From one range to another that it does not overlap, neither of which cuts a leaf. */
  HugeMove(AddressSpace mm, PageGather gather, long fromVa, long toVa, long sizeBytes) {
    this.mm = mm;
    this.entries = mm.pageTable().hugeEntries();
    this.gather = gather;
    this.fromVa = fromVa;
    this.toVa = toVa;
    this.sizeBytes = sizeBytes;
  }

  /**
   * Splits what cannot move as it is and what is at the new places, which other entries may go to,
   * and allocates the tables that the rest goes to.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for them
   */
  void prepare() {
    for (HugeEntry leaf : leaves(fromVa)) {
      if (((fromVa ^ toVa) & (leaf.lastVa() - leaf.firstVa())) == 0) {
        entries.alloc(destination(leaf), gather.gather());
      } else {
        mm.hugeLeaves().split(leaf);
      }
    }
    leaves(toVa).forEach(mm.hugeLeaves()::split);
  }

  /** Moves them, once nothing is mapped at their new places any more. */
  void move() {
    List<HugeEntry> leaves = leaves(fromVa);
    for (HugeEntry leaf : leaves) {
      if (!to(leaf).freeEmptyTable()) {
        throw new IllegalStateException(
            "mremap of a huge page to 0x%x, where something is mapped"
                .formatted(destination(leaf)));
      }
    }
    // CPUs may remember a table that was there.
    gather.flush();
    leaves.forEach(leaf -> leaf.moveTo(to(leaf)));
  }

  private List<HugeEntry> leaves(long va) {
    List<HugeEntry> leaves = new ArrayList<>();
    entries.leaves(va, va + sizeBytes - 1, gather.gather(), leaves::add);
    return leaves;
  }

  private HugeEntry to(HugeEntry leaf) {
    return entries.find(destination(leaf), gather.gather()).orElseThrow();
  }

  private long destination(HugeEntry leaf) {
    return leaf.firstVa() - fromVa + toVa;
  }
}

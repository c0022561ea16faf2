package org.mmport.mm;

import java.util.Optional;
import org.mmport.spi.InvalidRequestException;

/** What a process may ask about its huge pages: {@code madvise(2)}. Any thread may call it. */
public final class HugePages {
  private final AddressSpace mm;
  private final MmSystem system;

  /** Those of an address space. */
  public HugePages(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
  }

  /**
   * Notes for a range whether huge pages are wanted ({@code MADV_HUGEPAGE}, {@code
   * MADV_NOHUGEPAGE}). What is mapped there stays as it is.
   *
   * @throws InvalidRequestException for an unaligned range, one with a hole, or where there are no
   *     huge pages
   */
  public void advise(long va, long sizeBytes, HugePageAdvice advice) {
    mm.locked(
        () -> {
          system.hugePages().requireLevel("madvise " + advice);
          mm.ranges().requireRange("madvise", va, sizeBytes);
          mm.sharedRanges().own(va, sizeBytes);
          mm.hugeLeaves().cut(va, sizeBytes);
          mm.mappings().replace(va, va + sizeBytes - 1, vma -> vma.withAdvice(advice));
          return advice;
        });
  }

  /**
   * Makes one huge page of what is mapped page by page ({@code MADV_COLLAPSE}), whatever the
   * policy.
   *
   * @param va of its first page, a multiple of {@link MmSystem#hugePageBytes}
   * @return what came of it; where that is no huge page, all is as it was, though pages may have
   *     come from swap
   * @throws InvalidRequestException for another address, or where there are no huge pages
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for copies of tables
   *     that others use too
   */
  public CollapseStatus collapse(long va) {
    return collapse(va, CollapseLimits.MADVISE);
  }

  /**
   * The same where the range does not lack more than the limits.
   *
   * @throws InvalidRequestException as above
   * @throws org.mmport.machine.OutOfFramesException as above
   */
  public CollapseStatus collapse(long va, CollapseLimits limits) {
    return mm.locked(
        () -> {
          system.hugePages().requireLevel("collapse");
          long bytes = system.hugePageBytes().orElseThrow();
          if ((va & (bytes - 1)) != 0) {
            throw new InvalidRequestException(
                "collapse 0x%x: must be a multiple of 0x%x, which is a huge page of %s"
                    .formatted(va, bytes, system.variant().id()));
          }
          mm.ranges().requireUser("collapse", va, bytes);
          Optional<Vma> vma = mm.mappings().find(va);
          return vma.isEmpty() ? CollapseStatus.NOT_MAPPED : Collapse.of(mm, vma.get(), va, limits);
        });
  }
}

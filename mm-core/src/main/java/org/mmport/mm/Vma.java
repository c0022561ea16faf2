package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MemoryType;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/**
 * A range of virtual addresses that is alike throughout: {@code struct vm_area_struct}. Addresses
 * are unsigned, and the last is in the range, so that one may end with the address space.
 *
 * @param lastVa the last byte
 * @param shared whether stores go to the file ({@code MAP_SHARED}); of a file only, as shared
 *     anonymous memory is a file of its own, which has no name
 * @param locked whether its pages stay in memory (mlock)
 * @param advice what was said of huge pages in it
 */
public record Vma(
    long firstVa,
    long lastVa,
    VmaRights rights,
    boolean shared,
    boolean locked,
    Backing backing,
    HugePageAdvice advice) {
  /** That of memory that nobody may use, shared or not: {@code PAGE_NONE}. */
  static final Protection NO_ACCESS =
      new Protection(false, false, false, false, TableOwner.USER, MemoryType.WRITE_BACK, 0);

  public Vma {
    if (Long.compareUnsigned(firstVa, lastVa) > 0) {
      throw new InvalidRequestException(
          "VMA 0x%x..0x%x: ends before it starts".formatted(firstVa, lastVa));
    }
    if (shared && backing instanceof Backing.Anonymous) {
      throw new InvalidRequestException(
          "shared anonymous VMA at 0x%x: give it a file of its own".formatted(firstVa));
    }
  }

  /** One of which nothing was said. */
  public Vma(
      long firstVa,
      long lastVa,
      VmaRights rights,
      boolean shared,
      boolean locked,
      Backing backing) {
    this(firstVa, lastVa, rights, shared, locked, backing, HugePageAdvice.NONE);
  }

  public long pages(int pageShift) {
    return ((lastVa - firstVa) >>> pageShift) + 1;
  }

  public boolean contains(long va) {
    return Long.compareUnsigned(va, firstVa) >= 0 && Long.compareUnsigned(va, lastVa) <= 0;
  }

  /** A part of it, which shows what it has shown there. Refused outside of it. */
  public Vma part(long first, long last) {
    if (!contains(first) || !contains(last)) {
      throw new InvalidRequestException(
          "0x%x..0x%x: not within the VMA 0x%x..0x%x".formatted(first, last, firstVa, lastVa));
    }
    return new Vma(first, last, rights, shared, locked, backing.from(first - firstVa), advice);
  }

  /** The part of it that is in a range, of which it must have some. */
  Vma clip(long first, long last) {
    return part(
        Long.compareUnsigned(firstVa, first) < 0 ? first : firstVa,
        Long.compareUnsigned(lastVa, last) > 0 ? last : lastVa);
  }

  /** What its leaves are made with: {@code vm_get_page_prot()}. */
  Protection protection() {
    return new Protection(
        rights.read(),
        rights.write(),
        rights.exec(),
        shared,
        TableOwner.USER,
        MemoryType.WRITE_BACK,
        0);
  }

  /** Whether the two could be one VMA ({@code can_vma_merge_after}). */
  public boolean joins(Vma next) {
    return next.firstVa == lastVa + 1
        && next.firstVa != 0
        && rights.equals(next.rights)
        && shared == next.shared
        && locked == next.locked
        && advice == next.advice
        && backing.continuesIn(next.backing, next.firstVa - firstVa);
  }

  public Vma withRights(VmaRights newRights) {
    return new Vma(firstVa, lastVa, newRights, shared, locked, backing, advice);
  }

  public Vma withLocked(boolean newLocked) {
    return new Vma(firstVa, lastVa, rights, shared, newLocked, backing, advice);
  }

  public Vma withAdvice(HugePageAdvice newAdvice) {
    return new Vma(firstVa, lastVa, rights, shared, locked, backing, newAdvice);
  }
}

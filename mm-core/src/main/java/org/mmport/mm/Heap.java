package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.VaRegion;

/**
 * The memory of a process that grows and shrinks at its end: {@code sys_brk()} of mm/mmap.c. It is
 * an ordinary private mapping, and may be unmapped, changed or locked as any other.
 */
final class Heap {
  private final AddressSpace mm;
  private long start;
  private long end;

  Heap(AddressSpace mm) {
    this.mm = mm;
    reset();
  }

  /**
   * Empty, and two thirds up the user's addresses: that is where Linux loads programs that may lie
   * anywhere ({@code ELF_ET_DYN_BASE}), whose heap follows them.
   */
  void reset() {
    VaRegion user = mm.system().userRegion();
    start = user.firstVa() + Long.divideUnsigned(user.lastVa() - user.firstVa(), 3) * 2;
    start &= -mm.pageBytes();
    end = start;
  }

  long end() {
    return end;
  }

  /** The same start and end as another's, whose mappings this address space has as well. */
  void copy(Heap other) {
    start = other.start;
    end = other.end;
  }

  void begin(long va) {
    mm.ranges().requireRange("heap from", va, mm.pageBytes());
    if (end != start) {
      throw new InvalidRequestException(
          "heap from 0x%x: has 0x%x bytes already; give them back first"
              .formatted(va, end - start));
    }
    start = va;
    end = va;
  }

  void moveEnd(long newEnd) {
    if (Long.compareUnsigned(newEnd, start) < 0) {
      throw new InvalidRequestException(
          "brk 0x%x: the heap begins at 0x%x; end it there or later".formatted(newEnd, start));
    }
    long pageEnd = pageEnd(newEnd);
    long oldPageEnd = pageEnd(end);
    int change = Long.compareUnsigned(pageEnd, oldPageEnd);
    if (change > 0) {
      grow(oldPageEnd, pageEnd);
    } else if (change < 0) {
      shrink(pageEnd, oldPageEnd);
    }
    end = newEnd;
  }

  private long pageEnd(long va) {
    return (va + mm.pageBytes() - 1) & -mm.pageBytes();
  }

  /** A page stays free behind it, so that nothing joins it by mistake. */
  private void grow(long from, long to) {
    mm.ranges().requireRange("brk", from, to - from);
    if (!mm.mappings().in(from, to + mm.pageBytes() - 1).isEmpty()) {
      throw new InvalidRequestException(
          "brk 0x%x..0x%x: a mapping lies there or less than a page behind; unmap it first"
              .formatted(from, to));
    }
    mm.sharedRanges().own(from, to - from);
    mm.mappings()
        .insert(
            new Vma(from, to - 1, VmaRights.READ_WRITE, false, false, new Backing.Anonymous(from)));
  }

  private void shrink(long to, long from) {
    if (mm.mappings().in(to, from - 1).isEmpty()) {
      throw new InvalidRequestException(
          "brk 0x%x: nothing is mapped from there to 0x%x any more; leave the end where it is"
              .formatted(to, from));
    }
    new Unmap(mm).range(to, from - to);
  }
}

package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import org.mmport.machine.OutOfFramesException;
import org.mmport.spi.InvalidRequestException;

/**
 * Gives part of a mapping another size or place: {@code do_mremap()} of mm/mremap.c. Everything
 * that can fail comes before anything changes.
 *
 * <p>Stricter than Linux in two ways: an old size of 0, by which it maps shared memory a second
 * time, is refused, and so is a range of several mappings, of which it can cut off the end, and
 * since 6.17 move them.
 */
final class Mremap {
  private final AddressSpace mm;
  private final VmaTree vmas;

  Mremap(AddressSpace mm) {
    this.mm = mm;
    this.vmas = mm.mappings();
  }

  /** Does it and returns the address at which the mapping is then. */
  long apply(MremapRequest request) {
    requireSizes(request);
    Vma old = part(request);
    mm.sharedRanges().own(request.va(), request.oldBytes());
    mm.hugeLeaves().cut(request.va(), request.oldBytes());
    return switch (request.target()) {
      case MremapRequest.Target.At at -> {
        requireTarget(request, at.va());
        yield move(old, at.va(), request.newBytes());
      }
      case MremapRequest.Target.InPlace inPlace -> resize(old, request);
      case MremapRequest.Target.Anywhere anywhere ->
          request.newBytes() <= request.oldBytes() || hasRoom(old, request)
              ? resize(old, request)
              : move(old, mm.ranges().requireGap("mremap", request.newBytes()), request.newBytes());
    };
  }

  private void requireSizes(MremapRequest request) {
    if (request.oldBytes() == 0) {
      throw new InvalidRequestException(
          "mremap 0x%x, 0 bytes: duplicates nothing; mmap the same file again"
              .formatted(request.va()));
    }
    mm.ranges().requireRange("mremap of", request.va(), request.oldBytes());
    mm.ranges().requirePages("mremap to", request.va(), request.newBytes());
  }

  /** {@code vma_lookup()} and {@code remap_is_valid()}. */
  private Vma part(MremapRequest request) {
    long lastVa = request.va() + request.oldBytes() - 1;
    return vmas.find(request.va())
        .filter(vma -> vma.contains(lastVa))
        .map(vma -> vma.part(request.va(), lastVa))
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    "mremap 0x%x..0x%x: must lie in one mapping; name the parts one by one"
                        .formatted(request.va(), lastVa)));
  }

  /** {@code mremap_to()}. */
  private void requireTarget(MremapRequest request, long to) {
    mm.ranges().requireRange("mremap to", to, request.newBytes());
    long lastVa = to + request.newBytes() - 1;
    long oldLastVa = request.va() + request.oldBytes() - 1;
    if (Long.compareUnsigned(to, oldLastVa) <= 0
        && Long.compareUnsigned(request.va(), lastVa) <= 0) {
      throw new InvalidRequestException(
          "mremap 0x%x..0x%x to 0x%x..0x%x: the two overlap; move by way of a third place"
              .formatted(request.va(), oldLastVa, to, lastVa));
    }
  }

  /** {@code shrink_vma()}, {@code expand_vma_in_place()}. */
  private long resize(Vma old, MremapRequest request) {
    long more = request.newBytes() - request.oldBytes();
    if (more < 0) {
      new Unmap(mm).range(request.va() + request.newBytes(), -more);
    } else if (more > 0) {
      if (!hasRoom(old, request)) {
        throw new InvalidRequestException(
            "mremap 0x%x to 0x%x bytes: no room behind it; let it move"
                .formatted(request.va(), request.newBytes()));
      }
      Vma whole = resized(old, old.firstVa(), request.newBytes());
      mm.sharedRanges().own(old.lastVa() + 1, more);
      vmas.insert(whole.part(old.lastVa() + 1, whole.lastVa()));
      populate(whole, request.oldBytes());
    }
    return request.va();
  }

  /** {@code vma_expandable()}: nothing lies behind, another part of the same mapping neither. */
  private boolean hasRoom(Vma old, MremapRequest request) {
    long lastVa = request.va() + request.newBytes() - 1;
    return mm.ranges().isUser(request.va(), lastVa) && vmas.in(old.lastVa() + 1, lastVa).isEmpty();
  }

  /**
   * What it is known by moves along, so that it can be found from its pages ({@code copy_vma()}).
   */
  private static Vma resized(Vma old, long firstVa, long sizeBytes) {
    return new Vma(
        firstVa,
        firstVa + sizeBytes - 1,
        old.rights(),
        old.shared(),
        old.locked(),
        old.backing(),
        old.advice());
  }

  /** {@code move_vma()}. */
  private long move(Vma old, long to, long newBytes) {
    Vma moved = resized(old, to, newBytes);
    mm.sharedRanges().own(to, newBytes);
    long oldBytes = old.lastVa() - old.firstVa() + 1;
    long keptBytes = Math.min(oldBytes, newBytes);
    mm.hugeLeaves().cut(to, newBytes);
    mm.hugeLeaves().cut(old.firstVa(), keptBytes);
    List<Vma> gone = new ArrayList<>();
    try (PageGather gather = mm.gather()) {
      MoveEntries entries = new MoveEntries(mm, gather, old.firstVa(), to, keptBytes);
      HugeMove huge = new HugeMove(mm, gather, old.firstVa(), to, keptBytes);
      allocTables(huge, entries, gather, to, newBytes);
      gone.addAll(empty(gather, to, newBytes));
      if (oldBytes > keptBytes) {
        gone.addAll(empty(gather, old.firstVa() + keptBytes, oldBytes - keptBytes));
      }
      // Before its entries are used anew, nobody may remember what the target showed.
      gather.flush();
      vmas.remove(old.firstVa(), old.firstVa() + keptBytes - 1);
      vmas.insert(moved);
      huge.move();
      entries.move();
      mm.pageTable().unmap(old.firstVa(), oldBytes, gather.gather());
      entries.freeEmpty(to, newBytes);
      gather.flush();
    }
    mm.system().files().unmapped(gone);
    populate(moved, keptBytes);
    return to;
  }

  /** What a locked mapping gained is had in memory too, as far as it can be. */
  private void populate(Vma whole, long oldBytes) {
    long firstVa = whole.firstVa() + oldBytes;
    if (whole.locked() && whole.lastVa() - firstVa + 1 != 0) {
      new Mlock(mm).populate(firstVa, whole.lastVa());
    }
  }

  private static void allocTables(
      HugeMove huge, MoveEntries entries, PageGather gather, long to, long newBytes) {
    try {
      huge.prepare();
      entries.allocTables();
    } catch (OutOfFramesException e) {
      entries.freeEmpty(to, newBytes);
      gather.flush();
      throw e;
    }
  }

  /** Unmaps a range but for its tables, which may be needed yet. */
  private List<Vma> empty(PageGather gather, long va, long sizeBytes) {
    List<Vma> removed = vmas.remove(va, va + sizeBytes - 1);
    removed.forEach(new Mlock(mm)::leave);
    new Zap(mm, gather).range(va, sizeBytes);
    return removed;
  }
}

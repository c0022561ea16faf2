package org.mmport.mm;

import java.util.List;
import org.mmport.spi.InvalidRequestException;

/** Makes mappings: {@code do_mmap()} of mm/mmap.c. */
final class Mmap {
  private final AddressSpace mm;
  private final MmSystem system;

  Mmap(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
  }

  /** Makes one, and returns its first address. */
  long apply(MmapRequest request) {
    UserRanges ranges = mm.ranges();
    long sizeBytes = request.sizeBytes();
    ranges.requirePages("mmap", request.va().orElse(0), sizeBytes);
    long va =
        request.va().isPresent() ? request.va().getAsLong() : ranges.requireGap("mmap", sizeBytes);
    ranges.requireUser("mmap", va, sizeBytes);
    mm.sharedRanges().own(va, sizeBytes);
    Vma vma =
        new Vma(
            va,
            va + sizeBytes - 1,
            request.rights(),
            request.shared(),
            false,
            backing(request, va));
    try {
      mm.mappings().insert(vma);
    } catch (InvalidRequestException e) {
      system.files().unmapped(List.of(vma));
      throw e;
    }
    return va;
  }

  private Backing backing(MmapRequest request, long va) {
    if (request.file().isPresent()) {
      return request.file().get();
    }
    return request.shared()
        ? new Backing.OfFile(system.createShared(request.sizeBytes() / mm.pageBytes()), 0)
        : new Backing.Anonymous(va);
  }
}

package org.mmport.mm;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * What {@code mmap()} is asked for.
 *
 * @param va where it must be (MAP_FIXED_NOREPLACE); empty leaves the choice, which is top down
 * @param sizeBytes a multiple of the page
 * @param rights what may be done with it
 * @param shared whether writes are seen by whoever else maps it (MAP_SHARED)
 * @param file what its pages hold at first; zeros where it is empty
 */
public record MmapRequest(
    OptionalLong va,
    long sizeBytes,
    VmaRights rights,
    boolean shared,
    Optional<Backing.OfFile> file) {

  /** Private anonymous memory, wherever there is room. */
  public static MmapRequest anonymous(long sizeBytes, VmaRights rights) {
    return new MmapRequest(OptionalLong.empty(), sizeBytes, rights, false, Optional.empty());
  }

  /** The same, seen by whoever has it too: children, for one. */
  public MmapRequest asShared() {
    return new MmapRequest(va, sizeBytes, rights, true, file);
  }

  /** The same at an address. */
  public MmapRequest at(long fixedVa) {
    return new MmapRequest(OptionalLong.of(fixedVa), sizeBytes, rights, shared, file);
  }
}

package org.mmport.conformance;

import java.util.Optional;
import java.util.OptionalLong;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.VmaRights;

/** Memory of a process, mapped without a script. */
final class Regions {
  private Regions() {}

  /** So many pages of private memory wherever there is room. */
  static long map(ClauseContext c, AddressSpace space, int pages) {
    return space.mmap(
        MmapRequest.anonymous(pages * c.geometry().pageBytes(), VmaRights.READ_WRITE));
  }

  /** A file from its first page on, shared. */
  static long map(ClauseContext c, AddressSpace space, FilePages file, int pages) {
    return space.mmap(
        new MmapRequest(
            OptionalLong.empty(),
            pages * c.geometry().pageBytes(),
            VmaRights.READ_WRITE,
            true,
            Optional.of(new Backing.OfFile(file, 0))));
  }

  /** Private memory at an address. */
  static long mapAt(AddressSpace space, long va, long sizeBytes) {
    return space.mmap(MmapRequest.anonymous(sizeBytes, VmaRights.READ_WRITE).at(va));
  }
}

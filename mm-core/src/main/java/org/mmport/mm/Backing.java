package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;

/** Where the pages of a VMA come from when it has none yet. */
public sealed interface Backing {
  /** Whether the backing of a VMA that follows after so many bytes goes on from this. */
  boolean continuesIn(Backing next, long afterBytes);

  /** The same from so many bytes on. */
  Backing from(long bytes);

  /**
   * Zeros. Pages are known by the addresses at which they were mapped first, whatever they move to
   * later: so are they found again from the frame that they have got ({@code vm_pgoff} of anonymous
   * VMAs).
   *
   * @param firstVa the address at which the VMA's first page was mapped
   */
  record Anonymous(long firstVa) implements Backing {
    @Override
    public boolean continuesIn(Backing next, long afterBytes) {
      return next instanceof Anonymous other && other.firstVa == firstVa + afterBytes;
    }

    @Override
    public Backing from(long bytes) {
      return new Anonymous(firstVa + bytes);
    }
  }

  /**
   * A file.
   *
   * @param pageOffset the page of the file that the VMA's first page shows, 0 or more ({@code
   *     vm_pgoff})
   */
  record OfFile(FilePages file, long pageOffset) implements Backing {
    public OfFile {
      if (pageOffset < 0) {
        throw new InvalidRequestException("page offset " + pageOffset + ": must be 0 or more");
      }
    }

    @Override
    public boolean continuesIn(Backing next, long afterBytes) {
      return next instanceof OfFile other
          && other.file == file
          && other.pageOffset == pageOffset + (afterBytes >>> file.pageShift());
    }

    @Override
    public Backing from(long bytes) {
      return bytes == 0 ? this : new OfFile(file, pageOffset + (bytes >>> file.pageShift()));
    }
  }
}

package org.mmport.replay;

import java.util.List;
import java.util.OptionalLong;
import org.mmport.machine.OutOfFramesException;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.MremapRequest;
import org.mmport.mm.Vma;
import org.mmport.replay.TracedMappings.Range;
import org.mmport.spi.InvalidRequestException;

/**
 * Calls that failed when they were recorded: tried here, and what they do is taken back. What could
 * not be taken back is not tried.
 */
final class FailedCalls {
  private final Notes notes;
  private final long pageBytes;

  FailedCalls(Notes notes, long pageBytes) {
    this.notes = notes;
    this.pageBytes = pageBytes;
  }

  void run(TracedSpace process, MmCall call, String errno) {
    try {
      boolean tried =
          switch (call) {
            case MmCall.Mmap mmap -> mmap(process, mmap);
            case MmCall.Munmap munmap -> munmap(process, munmap);
            case MmCall.Mprotect mprotect -> mprotect(process, mprotect);
            case MmCall.Mremap mremap -> mremap(process, mremap);
            case MmCall.DontNeed dontNeed -> dontNeed(process, dontNeed);
            case MmCall.LazyFree lazyFree -> false;
            case MmCall.Mlock mlock -> mlock(process, mlock);
            case MmCall.Munlock munlock -> munlock(process, munlock);
            case MmCall.Brk brk -> false;
            case MmCall.Clone clone -> false;
            case MmCall.Exec exec -> false;
            case MmCall.Wait wait -> false;
            case MmCall.Harmless harmless -> false;
            case MmCall.NotReplayable unknown -> false;
          };
      Note.Kind kind = tried ? Note.Kind.FAILED_THERE : Note.Kind.NOT_TRIED;
      notes.add(kind, call.name(), errno);
    } catch (InvalidRequestException | OutOfFramesException e) {
      notes.add(Note.Kind.FAILED_TOO, call.name(), errno);
    }
  }

  /** The heap stayed as it was; would it have grown here? */
  void brk(TracedSpace process, long endVa, long wantedVa) {
    long from = TracedSpace.pages(endVa);
    long bytes = TracedSpace.pages(wantedVa) - from;
    if (bytes <= 0) {
      notes.add(Note.Kind.NOT_TRIED, "brk", "the end stayed");
      return;
    }
    try {
      mapAndUnmap(process, from, bytes);
      notes.add(Note.Kind.FAILED_THERE, "brk", "the end stayed");
    } catch (InvalidRequestException e) {
      notes.add(Note.Kind.FAILED_TOO, "brk", "the end stayed");
    }
  }

  private static boolean mmap(TracedSpace process, MmCall.Mmap call) {
    if (call.flags().fixed()) {
      return false;
    }
    long bytes = TracedSpace.pages(call.bytes());
    if (call.flags().noReplace() && (call.va() & TracedSpace.TRACED_PAGE - 1) == 0) {
      mapAndUnmap(process, call.va(), bytes);
      return true;
    }
    long rounded = bytes + process.pageBytes() - 1 & -process.pageBytes();
    AddressSpace space = process.space();
    long va = space.mmap(MmapRequest.anonymous(rounded, call.rights()));
    space.munmap(va, rounded);
    return true;
  }

  private static void mapAndUnmap(TracedSpace process, long tracedVa, long bytes) {
    long pageBytes = process.pageBytes();
    List<Carry.Piece> pieces = process.carry().pieces(tracedVa, bytes);
    Carry.Piece piece = pieces.getFirst();
    long first = piece.va() & -pageBytes;
    long sizeBytes = (piece.va() + piece.bytes() + pageBytes - 1 & -pageBytes) - first;
    AddressSpace space = process.space();
    space.mmap(
        new MmapRequest(
            OptionalLong.of(first),
            sizeBytes,
            org.mmport.mm.VmaRights.READ_WRITE,
            false,
            java.util.Optional.empty()));
    space.munmap(first, sizeBytes);
  }

  /** Only what breaks a rule is refused here, and of what does not, pages would be gone. */
  private boolean munmap(TracedSpace process, MmCall.Munmap call) {
    if (isWhole(call.va()) && call.bytes() > 0) {
      return false;
    }
    process.space().munmap(process.carry().va(call.va()), call.bytes());
    return true;
  }

  private boolean mprotect(TracedSpace process, MmCall.Mprotect call) {
    long bytes = TracedSpace.pages(call.bytes());
    if (!isWhole(call.va() | bytes) && isTracedPage(call.va())) {
      return false;
    }
    long va = onePiece(process, call.va(), bytes);
    process.space().mprotect(va, bytes, call.rights());
    for (Range range : process.traced().in(call.va(), call.va() + bytes - 1)) {
      long at = va + (range.firstVa() - call.va());
      process.space().mprotect(at, range.lastVa() - range.firstVa() + 1, range.rights());
    }
    return true;
  }

  private boolean mremap(TracedSpace process, MmCall.Mremap call) {
    long oldBytes = TracedSpace.pages(call.oldBytes());
    long newBytes = TracedSpace.pages(call.newBytes());
    if ((newBytes <= oldBytes && newBytes != 0)
        || (!isWhole(call.va() | oldBytes | newBytes) && isTracedPage(call.va()))) {
      return false;
    }
    long va = onePiece(process, call.va(), Math.max(oldBytes, TracedSpace.TRACED_PAGE));
    AddressSpace space = process.space();
    MremapRequest.Target target =
        call.mayMove() ? new MremapRequest.Target.Anywhere() : new MremapRequest.Target.InPlace();
    long to = space.mremap(new MremapRequest(va, oldBytes, newBytes, target));
    if (to == va) {
      space.munmap(va + oldBytes, newBytes - oldBytes);
    } else {
      space.mremap(new MremapRequest(to, newBytes, oldBytes, new MremapRequest.Target.At(va)));
    }
    return true;
  }

  /** What would be dropped could not be had again, so only what must be refused is tried. */
  private boolean dontNeed(TracedSpace process, MmCall.DontNeed call) {
    long bytes = TracedSpace.pages(call.bytes());
    boolean mapped = process.traced().holes(call.va(), call.va() + bytes - 1).isEmpty();
    if (bytes != 0 && isTracedPage(call.va()) && (mapped || !isWhole(call.va() | bytes))) {
      return false;
    }
    process.space().dontNeed(onePiece(process, call.va(), bytes), bytes);
    return true;
  }

  private boolean mlock(TracedSpace process, MmCall.Mlock call) {
    long first = call.va() & -TracedSpace.TRACED_PAGE;
    long bytes = TracedSpace.pages(call.bytes() + (call.va() - first));
    if (bytes == 0 || !isWhole(first | bytes)) {
      return false;
    }
    long va = onePiece(process, first, bytes);
    if (process.space().vmas().stream().anyMatch(vma -> vma.locked() && overlaps(vma, va, bytes))) {
      return false;
    }
    boolean isThere = process.space().mlock(va, bytes).isEmpty();
    process.space().munlock(va, bytes);
    if (!isThere) {
      throw new InvalidRequestException("not all of it can be had");
    }
    return true;
  }

  private boolean munlock(TracedSpace process, MmCall.Munlock call) {
    long bytes = TracedSpace.pages(call.bytes());
    if (bytes == 0
        || !isWhole(call.va() | bytes)
        || process.traced().holes(call.va(), call.va() + bytes - 1).isEmpty()) {
      return false;
    }
    process.space().munlock(onePiece(process, call.va(), bytes), bytes);
    return true;
  }

  private static boolean overlaps(Vma vma, long va, long bytes) {
    return Long.compareUnsigned(vma.firstVa(), va + bytes - 1) <= 0
        && Long.compareUnsigned(va, vma.lastVa()) <= 0;
  }

  private static long onePiece(TracedSpace process, long va, long bytes) {
    List<Carry.Piece> pieces =
        process.carry().pieces(va, bytes == 0 ? TracedSpace.TRACED_PAGE : bytes);
    if (pieces.size() != 1) {
      throw new InvalidRequestException("0x%x: is not in one piece here".formatted(va));
    }
    return pieces.getFirst().va();
  }

  private boolean isWhole(long vaAndBytes) {
    return (vaAndBytes & pageBytes - 1) == 0;
  }

  private static boolean isTracedPage(long va) {
    return (va & TracedSpace.TRACED_PAGE - 1) == 0;
  }
}

package org.mmport.image;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.mmport.machine.PhysicalMemory;

/**
 * Collects PT_LOAD segments into extents of physical memory.
 *
 * <p>Memory that a segment names but the file does not hold is absent, never zero: {@code p_memsz}
 * beyond {@code p_filesz} is how makedumpfile says that it left pages out, and what was in them is
 * not known.
 *
 * <p>A physical address given more than once counts as the first time. kdump names the kernel's
 * text twice and QEMU, asked for a dump by virtual addresses, anything that is mapped twice.
 */
final class LoadedMemory {
  private record Piece(long physAddr, long offset, long sizeBytes) {
    boolean continues(Piece before) {
      return before.physAddr + before.sizeBytes == physAddr
          && before.offset + before.sizeBytes == offset;
    }
  }

  private final DumpFile file;
  private final DumpWarnings warnings;
  private final List<Piece> pieces = new ArrayList<>();

  /** Physical addresses taken so far: first to one past the last, neighbours merged. */
  private final TreeMap<Long, Long> taken = new TreeMap<>();

  private long segmentsRepeating;
  private long bytesRepeated;
  private long segmentsLeftOut;
  private long bytesLeftOut;

  LoadedMemory(DumpFile file, DumpWarnings warnings) {
    this.file = file;
    this.warnings = warnings;
  }

  void add(ElfSegment segment) {
    if (segment.fileBytes() == 0 && segment.memoryBytes() == 0) {
      return;
    }
    if (segment.memoryBytes() > 0 && segment.memoryBytes() > segment.fileBytes()) {
      segmentsLeftOut++;
      bytesLeftOut += segment.memoryBytes() - Math.max(0, segment.fileBytes());
    }
    if (segment.fileBytes() == 0) {
      return;
    }
    if (segment.physAddr() < 0 || segment.physAddr() == 0xffffffffL) {
      warnings.add(segment + ": has no usable physical address; left out");
      return;
    }
    long held = Math.max(0, file.sizeBytes() - segment.offset());
    if (segment.offset() < 0 || held == 0) {
      warnings.add(segment + ": lies past the end of the file; its memory is missing");
      return;
    }
    long sizeBytes = segment.fileBytes();
    if (sizeBytes < 0 || sizeBytes > held) {
      warnings.add(
          "%s: only 0x%x bytes of it are in the file; memory from physical address 0x%x on is missing"
              .formatted(segment, held, segment.physAddr() + held));
      sizeBytes = held;
    }
    if (segment.physAddr() + sizeBytes < 0) {
      warnings.add(segment + ": ends above physical address 2^63; left out");
      return;
    }
    take(new Piece(segment.physAddr(), segment.offset(), sizeBytes));
  }

  /** The extents, ascending; refused where there are none. */
  List<PhysicalMemory.Extent> extents() {
    if (segmentsRepeating > 0) {
      warnings.add(
          "%d segments repeat 0x%x bytes of physical memory; the first copy counts"
              .formatted(segmentsRepeating, bytesRepeated));
    }
    if (segmentsLeftOut > 0) {
      warnings.add(
          "%d segments name 0x%x bytes of memory that the dump does not hold (p_memsz > p_filesz); they are absent, not zero"
              .formatted(segmentsLeftOut, bytesLeftOut));
    }
    if (pieces.isEmpty()) {
      throw new BadDumpException(
          file.path()
              + ": no PT_LOAD segment with bytes in the file"
              + warnings.lines().stream().findFirst().map(w -> "; " + w).orElse(""));
    }
    pieces.sort(Comparator.comparingLong(Piece::physAddr));
    List<PhysicalMemory.Extent> extents = new ArrayList<>();
    Piece open = pieces.getFirst();
    for (Piece piece : pieces.subList(1, pieces.size())) {
      if (piece.continues(open)) {
        open = new Piece(open.physAddr(), open.offset(), open.sizeBytes() + piece.sizeBytes());
      } else {
        extents.add(extent(open));
        open = piece;
      }
    }
    extents.add(extent(open));
    return extents;
  }

  private PhysicalMemory.Extent extent(Piece piece) {
    return new PhysicalMemory.Extent(
        piece.physAddr(), file.bytes().asSlice(piece.offset(), piece.sizeBytes()));
  }

  /** Keeps the parts that are new. Neighbours in {@link #taken} merge, so that this stays fast. */
  private void take(Piece whole) {
    long first = whole.physAddr();
    long end = first + whole.sizeBytes();
    long mergedFirst = first;
    long mergedEnd = end;
    long at = first;
    long repeatedBytes = 0;
    Map.Entry<Long, Long> next = taken.floorEntry(first);
    if (next == null || next.getValue() < first) {
      next = taken.higherEntry(first);
    }
    while (next != null && next.getKey() <= end) {
      keep(whole, at, next.getKey());
      repeatedBytes += Math.min(next.getValue(), end) - Math.max(next.getKey(), first);
      at = next.getValue();
      mergedFirst = Math.min(mergedFirst, next.getKey());
      mergedEnd = Math.max(mergedEnd, next.getValue());
      taken.remove(next.getKey());
      next = taken.higherEntry(next.getKey());
    }
    keep(whole, at, end);
    taken.put(mergedFirst, mergedEnd);
    if (repeatedBytes > 0) {
      segmentsRepeating++;
      bytesRepeated += repeatedBytes;
    }
  }

  private void keep(Piece whole, long first, long end) {
    if (first < end) {
      pieces.add(new Piece(first, whole.offset() + (first - whole.physAddr()), end - first));
    }
  }
}

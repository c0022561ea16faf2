package org.mmport.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The notes of an ELF core's PT_NOTE segments. */
final class NoteReader {
  private static final int HEADER_BYTES = 12;
  private static final int OWNER_BYTES_MAX = 256;

  /** Some notes for each of 65 536 CPUs; what says more is garbage. */
  private static final int NOTES_MAX = 1 << 19;

  private final DumpFile file;
  private final DumpWarnings warnings;
  private final List<ElfNote> notes = new ArrayList<>();

  NoteReader(DumpFile file, DumpWarnings warnings) {
    this.file = file;
    this.warnings = warnings;
  }

  List<ElfNote> notes() {
    return List.copyOf(notes);
  }

  /**
   * Adds the notes of one segment. Names and contents are padded to 4 bytes, in 64-bit cores too. A
   * nameless note ends the segment early: kdump reserves more room than it fills.
   */
  void read(ElfSegment segment) {
    long at = segment.offset();
    if (at < 0 || at >= file.sizeBytes()) {
      warnings.add(segment + ": its notes lie past the end of the file; left out");
      return;
    }
    long end = file.sizeBytes();
    if (segment.fileBytes() >= 0 && segment.fileBytes() <= end - at) {
      end = at + segment.fileBytes();
    } else {
      warnings.add(segment + ": its notes run past the end of the file; those there are kept");
    }
    while (end - at >= HEADER_BYTES && notes.size() < NOTES_MAX) {
      long ownerBytes = file.u32(at, "n_namesz");
      long contentBytes = file.u32(at + 4, "n_descsz");
      int type = (int) file.u32(at + 8, "n_type");
      if (ownerBytes == 0) {
        return;
      }
      long contentsAt = at + HEADER_BYTES + padded(ownerBytes);
      if (ownerBytes > OWNER_BYTES_MAX || contentsAt + contentBytes > end) {
        warnings.add(
            "note at offset 0x%x (n_namesz=0x%x n_descsz=0x%x): runs past its segment; it and what follows are left out"
                .formatted(at, ownerBytes, contentBytes));
        return;
      }
      MemorySegment contents = file.bytes().asSlice(contentsAt, contentBytes);
      notes.add(new ElfNote(owner(at + HEADER_BYTES, ownerBytes), type, contents));
      at = contentsAt + padded(contentBytes);
    }
    if (notes.size() == NOTES_MAX) {
      warnings.add("more than " + NOTES_MAX + " notes: the rest are left out");
    }
  }

  private String owner(long at, long lengthBytes) {
    byte[] name = file.bytes().asSlice(at, lengthBytes).toArray(ValueLayout.JAVA_BYTE);
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    return new String(name, 0, length, StandardCharsets.ISO_8859_1);
  }

  private static long padded(long lengthBytes) {
    return (lengthBytes + 3) & ~3L;
  }
}

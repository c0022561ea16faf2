package org.mmport.image;

/**
 * One program header, its numbers as they stand in the file: unsigned, unchecked.
 *
 * @param number position in the table, from 0
 * @param type {@code p_type}
 * @param offset {@code p_offset}
 * @param physAddr {@code p_paddr}
 * @param fileBytes {@code p_filesz}
 * @param memoryBytes {@code p_memsz}
 */
record ElfSegment(
    long number, long type, long offset, long physAddr, long fileBytes, long memoryBytes) {
  static final long PT_LOAD = 1;
  static final long PT_NOTE = 4;

  /** Program header by number, below {@link ElfHeader#segments()}. */
  static ElfSegment read(DumpFile file, ElfHeader header, long number) {
    ElfClass layout = header.elfClass();
    long at = header.segmentTable() + number * layout.segmentHeaderBytes;
    return new ElfSegment(
        number,
        file.u32(at, "p_type"),
        layout.word(file, at + layout.segmentOffset, "p_offset"),
        layout.word(file, at + layout.segmentPhysAddr, "p_paddr"),
        layout.word(file, at + layout.segmentFileBytes, "p_filesz"),
        layout.word(file, at + layout.segmentMemoryBytes, "p_memsz"));
  }

  @Override
  public String toString() {
    return "program header %d (p_offset=0x%x p_paddr=0x%x p_filesz=0x%x p_memsz=0x%x)"
        .formatted(number, offset, physAddr, fileBytes, memoryBytes);
  }
}

package org.mmport.image;

/**
 * Where the fields of ELF headers lie in 32-bit and 64-bit files (System V gABI, figures 4-3, 4-8,
 * 5-1). Offsets in bytes.
 */
enum ElfClass {
  ELF32(52, 28, 32, 42, 44, 32, 28, 4, 12, 16, 20),
  ELF64(64, 32, 40, 54, 56, 56, 44, 8, 24, 32, 40);

  final int headerBytes;
  final int phoff;
  final int shoff;
  final int phentsize;
  final int phnum;
  final int segmentHeaderBytes;
  final int sectionInfo;
  final int segmentOffset;
  final int segmentPhysAddr;
  final int segmentFileBytes;
  final int segmentMemoryBytes;

  ElfClass(
      int headerBytes,
      int phoff,
      int shoff,
      int phentsize,
      int phnum,
      int segmentHeaderBytes,
      int sectionInfo,
      int segmentOffset,
      int segmentPhysAddr,
      int segmentFileBytes,
      int segmentMemoryBytes) {
    this.headerBytes = headerBytes;
    this.phoff = phoff;
    this.shoff = shoff;
    this.phentsize = phentsize;
    this.phnum = phnum;
    this.segmentHeaderBytes = segmentHeaderBytes;
    this.sectionInfo = sectionInfo;
    this.segmentOffset = segmentOffset;
    this.segmentPhysAddr = segmentPhysAddr;
    this.segmentFileBytes = segmentFileBytes;
    this.segmentMemoryBytes = segmentMemoryBytes;
  }

  /** A field as wide as this class's addresses. */
  long word(DumpFile file, long offset, String field) {
    return this == ELF32 ? file.u32(offset, field) : file.u64(offset, field);
  }
}

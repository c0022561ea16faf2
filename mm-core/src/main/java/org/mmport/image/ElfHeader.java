package org.mmport.image;

import java.nio.ByteOrder;

/**
 * What is needed of an ELF core's file header. {@code e_ehsize} is not looked at: QEMU writes
 * nonsense there.
 *
 * @param machine {@code e_machine}
 * @param segmentTable offset of the program headers
 * @param segments how many there are; they lie in the file
 */
record ElfHeader(
    ElfClass elfClass, ByteOrder order, int machine, long segmentTable, long segments) {
  private static final int EI_CLASS = 4;
  private static final int EI_DATA = 5;
  private static final int E_TYPE = 16;
  private static final int E_MACHINE = 18;
  private static final int ET_CORE = 4;

  /** The program headers are so many that their number stands in section header 0. */
  private static final int PN_XNUM = 0xffff;

  static boolean hasMagic(DumpFile file) {
    return file.sizeBytes() >= 4
        && file.withOrder(ByteOrder.BIG_ENDIAN).u32(0, "ELF magic") == 0x7f454c46L;
  }

  static ElfHeader read(DumpFile raw) {
    ElfClass elfClass =
        switch (raw.u8(EI_CLASS, "EI_CLASS")) {
          case 1 -> ElfClass.ELF32;
          case 2 -> ElfClass.ELF64;
          default ->
              throw raw.refused(
                  "EI_CLASS",
                  raw.u8(EI_CLASS, "EI_CLASS"),
                  EI_CLASS,
                  "must be 1 (32-bit) or 2 (64-bit)");
        };
    ByteOrder order =
        switch (raw.u8(EI_DATA, "EI_DATA")) {
          case 1 -> ByteOrder.LITTLE_ENDIAN;
          case 2 -> ByteOrder.BIG_ENDIAN;
          default ->
              throw raw.refused(
                  "EI_DATA",
                  raw.u8(EI_DATA, "EI_DATA"),
                  EI_DATA,
                  "must be 1 (little-endian) or 2 (big-endian)");
        };
    DumpFile file = raw.withOrder(order);
    int type = file.u16(E_TYPE, "e_type");
    if (type != ET_CORE) {
      throw file.refused("e_type", type, E_TYPE, "must be 4 (ET_CORE): this ELF is no memory dump");
    }
    int entryBytes = file.u16(elfClass.phentsize, "e_phentsize");
    if (entryBytes != elfClass.segmentHeaderBytes) {
      throw file.refused(
          "e_phentsize",
          entryBytes,
          elfClass.phentsize,
          "must be " + elfClass.segmentHeaderBytes + " in " + elfClass);
    }
    int machine = file.u16(E_MACHINE, "e_machine");
    long table = elfClass.word(file, elfClass.phoff, "e_phoff");
    long segments = segments(file, elfClass);
    if (!file.contains(table, segments * elfClass.segmentHeaderBytes)) {
      throw file.refused(
          "e_phoff",
          "0x" + Long.toHexString(table),
          elfClass.phoff,
          segments
              + " program headers of "
              + elfClass.segmentHeaderBytes
              + " bytes from there run past the end of the file, which has "
              + file.sizeBytes()
              + " bytes");
    }
    return new ElfHeader(elfClass, order, machine, table, segments);
  }

  /** At most 2^32 - 1, so that the product with a header's bytes cannot overflow. */
  private static long segments(DumpFile file, ElfClass elfClass) {
    int count = file.u16(elfClass.phnum, "e_phnum");
    if (count != PN_XNUM) {
      if (count == 0) {
        throw file.refused("e_phnum", 0, elfClass.phnum, "a dump has at least one program header");
      }
      return count;
    }
    long section = elfClass.word(file, elfClass.shoff, "e_shoff");
    if (!file.contains(section, elfClass.sectionInfo + 4L)) {
      throw file.refused(
          "e_shoff",
          "0x" + Long.toHexString(section),
          elfClass.shoff,
          "e_phnum=0xffff says that section header 0 holds the number, but it is not in the file");
    }
    return file.u32(section + elfClass.sectionInfo, "sh_info of section 0");
  }
}

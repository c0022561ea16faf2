package org.mmport.replay;

import org.mmport.mm.VmaRights;

/** Numbers and words that traces write: decimal, or hexadecimal after {@code 0x}. */
final class TraceNumbers {
  private TraceNumbers() {}

  /** An address, or {@code NULL}. */
  static long address(String text) {
    return text.equals("NULL") ? 0 : number(text);
  }

  static long number(String text) {
    try {
      return text.startsWith("0x")
          ? Long.parseUnsignedLong(text, 2, text.length(), 16)
          : Long.parseLong(text);
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new TraceFormatException("'" + text + "': must be a number, such as 4096 or 0x1000");
    }
  }

  static int task(String text) {
    long number = number(text);
    if (number < 0 || number > Integer.MAX_VALUE) {
      throw new TraceFormatException("'" + text + "': must be the number of a process");
    }
    return (int) number;
  }

  /** {@code PROT_READ|PROT_WRITE}; what else may be among them changes no right. */
  static VmaRights rights(String text) {
    boolean read = false;
    boolean write = false;
    boolean exec = false;
    for (String word : text.split("\\|", -1)) {
      switch (word) {
        case "PROT_READ" -> read = true;
        case "PROT_WRITE" -> write = true;
        case "PROT_EXEC" -> exec = true;
        default -> {
          if (!word.startsWith("PROT_") && !word.matches("0x[0-9a-f]{1,8}")) {
            throw new TraceFormatException("'" + text + "': must be rights, such as PROT_READ");
          }
        }
      }
    }
    return new VmaRights(read, write, exec);
  }

  /** The same by the bits of include/uapi/asm-generic/mman-common.h. */
  static VmaRights rights(long bits) {
    return new VmaRights((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
  }
}

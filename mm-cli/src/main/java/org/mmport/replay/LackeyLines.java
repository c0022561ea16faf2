package org.mmport.replay;

/**
 * Accesses as lackey writes them: {@code I 0401ab70,3} and {@code L 1fff000768,8}, with S and M for
 * stores and modifications. There are millions, so they are read from bytes.
 */
final class LackeyLines {
  private static final int MAX_DIGITS = 16;

  /** More than the widest access, which is an instruction's that saves all registers. */
  private static final int MAX_BYTES = 1 << 16;

  private LackeyLines() {}

  /** Whether a line begins like an access. */
  static boolean isAccess(byte[] bytes, int from, int to) {
    return to - from > 3
        && bytes[from + 2] == ' '
        && ((bytes[from] == 'I' && bytes[from + 1] == ' ')
            || (bytes[from] == ' ' && kindOf(bytes[from + 1]) != null));
  }

  private static @org.jspecify.annotations.Nullable AccessKind kindOf(byte letter) {
    return switch (letter) {
      case 'L' -> AccessKind.LOAD;
      case 'S' -> AccessKind.STORE;
      case 'M' -> AccessKind.MODIFY;
      default -> null;
    };
  }

  /** One access, of a line that begins like one. */
  static TraceLine.Touch parse(byte[] bytes, int from, int to) {
    AccessKind kind = kindOf(bytes[from + 1]);
    long va = 0;
    int at = from + 3;
    for (; at < to && bytes[at] != ','; at++) {
      int digit = Character.digit(bytes[at], 16);
      if (digit < 0 || at - from - 3 >= MAX_DIGITS) {
        throw malformed();
      }
      va = va << 4 | digit;
    }
    if (at == from + 3 || at + 1 >= to) {
      throw malformed();
    }
    int size = 0;
    for (at++; at < to; at++) {
      int digit = bytes[at] - '0';
      if (digit < 0 || digit > 9 || size > MAX_BYTES) {
        throw malformed();
      }
      size = size * 10 + digit;
    }
    if (size < 1 || size > MAX_BYTES || Long.compareUnsigned(va + size - 1, va) < 0) {
      throw malformed();
    }
    return new TraceLine.Touch(kind == null ? AccessKind.FETCH : kind, va, size);
  }

  private static TraceFormatException malformed() {
    return new TraceFormatException(
        ("must be an access like 'I  0401ab70,3' or ' L 1fff000768,8': up to 16 hexadecimal digits,"
                + " and 1 to %d bytes")
            .formatted(MAX_BYTES));
  }
}

package org.mmport.cli;

/** Numbers of bytes as people write them. */
final class Sizes {
  private static final String[] UNITS = {"", "K", "M", "G", "T", "P", "E"};

  private Sizes() {}

  /** Exact where it is a whole number of some unit: {@code 2M}, {@code 4K}, {@code 36}. */
  static String of(long sizeBytes) {
    long value = sizeBytes;
    int unit = 0;
    while (value != 0 && value % 1024 == 0 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return value + UNITS[unit];
  }
}

package org.mmport.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.MmuVariant;

/** The kinds of entry, the fields of one, and bits as manuals write them. */
final class EntryFields {
  private EntryFields() {}

  /** The kinds of entry that the variant has; few have roots that are unlike other tables. */
  static List<EntryKind> kinds(MmuVariant variant) {
    return Arrays.stream(EntryKind.values())
        .filter(kind -> variant.format().fields().stream().anyMatch(f -> f.kinds().contains(kind)))
        .toList();
  }

  /** From the top bit down. */
  static List<EntryField> of(MmuVariant variant, EntryKind kind) {
    return variant.format().fields().stream()
        .filter(field -> field.kinds().contains(kind))
        .sorted(Comparator.comparingInt(EntryField::high).reversed())
        .toList();
  }

  /** The bits of a mask from the top down: {@code 63}, {@code 51:12}, {@code 52:16 11}. */
  static String bits(long mask) {
    List<String> runs = new ArrayList<>();
    long left = mask;
    while (left != 0) {
      int high = Long.SIZE - 1 - Long.numberOfLeadingZeros(left);
      long belowHigh = (1L << high) - 1;
      int low = Long.SIZE - Long.numberOfLeadingZeros(~left & belowHigh);
      runs.add(high == low ? "" + high : high + ":" + low);
      left &= (1L << low) - 1;
    }
    return String.join(" ", runs);
  }
}

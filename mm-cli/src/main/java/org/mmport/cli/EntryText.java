package org.mmport.cli;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;

/** An entry in words: what it is, and the names of the bits that are set in it. */
final class EntryText {
  private EntryText() {}

  static String of(MmuVariant variant, long raw, Level level) {
    PteFormat format = variant.format();
    if (format.none(raw, level)) {
      return "none";
    }
    EntryKind kind = kind(variant, raw, level);
    List<String> names = new ArrayList<>();
    for (EntryField field : format.fields()) {
      if (field.kinds().contains(kind) && (raw & field.mask()) != 0 && isFlag(field)) {
        names.add(field.name());
      }
    }
    return kind.name().toLowerCase(java.util.Locale.ROOT) + " " + String.join(" ", names);
  }

  private static boolean isFlag(EntryField field) {
    return field.high() == field.low() && field.role() != EntryRole.IGNORED;
  }

  private static EntryKind kind(MmuVariant variant, long raw, Level level) {
    PteFormat format = variant.format();
    if (!format.present(raw, level)) {
      return EntryKind.SWAP;
    }
    if (level == Level.PTE) {
      return EntryKind.PAGE;
    }
    boolean leaf = variant.geometry().at(level).leafAllowed() && format.leaf(raw, level);
    if (leaf) {
      return EntryKind.HUGE;
    }
    boolean ownRoot = EntryFields.kinds(variant).contains(EntryKind.ROOT);
    return ownRoot && level == variant.geometry().rootLevel() ? EntryKind.ROOT : EntryKind.TABLE;
  }
}

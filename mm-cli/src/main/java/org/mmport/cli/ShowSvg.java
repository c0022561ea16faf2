package org.mmport.cli;

import java.util.Locale;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

/**
 * A variant as a drawing that stands alone: levels, an address, and each kind of entry to the scale
 * of its bits.
 */
final class ShowSvg {
  private static final int BIT = 17;
  private static final int LEFT = 24;
  private static final int WIDTH = LEFT * 2 + 64 * BIT;
  private static final int BOX = 64;

  private final MmuVariant variant;
  private final StringBuilder body = new StringBuilder();
  private int y = 44;

  ShowSvg(MmuVariant variant) {
    this.variant = variant;
  }

  String draw() {
    PagingGeometry geometry = variant.geometry();
    text(LEFT, y, 22, "bold", variant.id());
    y += 24;
    String line =
        "%d-bit virtual, %d-bit physical, %s pages, entries of %d bytes"
            .formatted(
                geometry.vaBits(),
                geometry.paBits(),
                Sizes.of(geometry.pageBytes()),
                geometry.entryBytes());
    text(LEFT, y, 14, "normal", line);
    levels(geometry);
    heading("A virtual address");
    for (AddressParts part : AddressParts.of(variant)) {
      box(
          part.high(),
          part.low(),
          part.name(),
          part.name().equals("region") ? "#eeeeee" : "#cfe3f7");
    }
    y += BOX;
    for (EntryKind kind : EntryFields.kinds(variant)) {
      entry(kind);
    }
    y += 24;
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            .formatted(WIDTH, y, WIDTH, y)
        + "font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        + body
        + "</svg>\n";
  }

  private void levels(PagingGeometry geometry) {
    y += 34;
    String[] titles = {"level", "shift", "entries", "table bytes", "an entry spans", "leaf"};
    row(titles, "bold");
    for (Level level : Level.values()) {
      LevelGeometry at = geometry.at(level);
      String shift = String.valueOf(geometry.shift(level));
      row(
          at.isFolded()
              ? new String[] {level.name(), shift, "folded", "", "", ""}
              : new String[] {
                level.name(),
                shift,
                String.valueOf(at.entries()),
                String.valueOf(geometry.tableBytes(level)),
                Sizes.of(geometry.spanBytes(level)),
                at.leafAllowed() ? "yes" : "no"
              },
          "normal");
    }
  }

  private void row(String[] cells, String weight) {
    for (int i = 0; i < cells.length; i++) {
      text(LEFT + i * 130, y, 13, weight, cells[i]);
    }
    y += 20;
  }

  private void heading(String title) {
    y += 26;
    text(LEFT, y, 15, "bold", title);
    y += 24;
  }

  private void entry(EntryKind kind) {
    heading(
        switch (kind) {
          case TABLE -> "Entry that points at a table";
          case ROOT -> "Entry of the root";
          case HUGE -> "Entry that maps memory above the last level";
          case PAGE -> "Entry that maps a page";
          case SWAP -> "Entry that is not present";
        });
    for (EntryField field : EntryFields.of(variant, kind)) {
      box(field.high(), field.low(), field.name(), colour(field.role()));
    }
    y += BOX;
  }

  private static String colour(EntryRole role) {
    return switch (role) {
      case FRAME, FRAME_HIGH, SWAP_OFFSET, SWAP_OFFSET_INVERTED -> "#cfe3f7";
      case IGNORED, RESERVED -> "#eeeeee";
      case YOUNG, DIRTY -> "#fde3c4";
      case SPECIAL, SOFT_DIRTY, UFFD_WP, SWAP_TYPE, SWAP_EXCLUSIVE -> "#e6daf3";
      case MEMORY_TYPE, KEY -> "#d8eecb";
      default -> "#f9d7d9";
    };
  }

  /** A box to scale, bit numbers above it; the name upright where it does not fit. */
  private void box(int high, int low, String name, String fill) {
    int bits = high - low + 1;
    int x = LEFT + (63 - high) * BIT;
    int width = bits * BIT;
    body.append(
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#555\"/>%n"
            .formatted(x, y, width, BOX, fill));
    if (bits == 1) {
      centred(x + BIT / 2, y - 5, 9, String.valueOf(high));
    } else {
      text(x + 1, y - 5, 9, "normal", String.valueOf(high));
      body.append(
          "<text x=\"%d\" y=\"%d\" font-size=\"9\" text-anchor=\"end\">%d</text>%n"
              .formatted(x + width - 1, y - 5, low));
    }
    if (name.length() * 8 <= width) {
      centred(x + width / 2, y + BOX / 2 + 4, 12, name);
    } else {
      int middleX = x + width / 2 + 4;
      int middleY = y + BOX / 2;
      int size = name.length() > 8 ? 8 : 10;
      body.append(
          "<text x=\"%d\" y=\"%d\" font-size=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 %d %d)\">%s</text>%n"
              .formatted(middleX, middleY, size, middleX, middleY, escaped(name)));
    }
  }

  private void centred(int x, int atY, int size, String text) {
    body.append(
        "<text x=\"%d\" y=\"%d\" font-size=\"%d\" text-anchor=\"middle\">%s</text>%n"
            .formatted(x, atY, size, escaped(text)));
  }

  private void text(int x, int atY, int size, String weight, String text) {
    body.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" font-size=\"%d\" font-weight=\"%s\">%s</text>%n",
            x,
            atY,
            size,
            weight,
            escaped(text)));
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}

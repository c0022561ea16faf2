package org.mmport.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaRegion;

/** A variant for eyes. */
final class ShowText {
  private final MmuVariant variant;
  private final PagingGeometry geometry;
  private final PrintWriter out;

  ShowText(MmuVariant variant, PrintWriter out) {
    this.variant = variant;
    this.geometry = variant.geometry();
    this.out = out;
  }

  void print() {
    out.printf(
        "%s: %d-bit virtual, %d-bit physical, entries of %d bytes, %s%n%n",
        variant.id(),
        geometry.vaBits(),
        geometry.paBits(),
        geometry.entryBytes(),
        geometry.byteOrder().toString().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
    levels();
    address();
    for (EntryKind kind : EntryFields.kinds(variant)) {
      entry(kind);
    }
    out.println(
        "Features: "
            + new TreeSet<>(variant.features())
                .stream().map(Enum::name).collect(Collectors.joining(", ")));
  }

  private void levels() {
    out.println("Level  Shift  Index bits  Entries  Table bytes  An entry spans  Leaf");
    for (Level level : Level.values()) {
      LevelGeometry at = geometry.at(level);
      if (at.isFolded()) {
        out.printf("%-5s  %5d  folded%n", level, geometry.shift(level));
      } else {
        out.printf(
            "%-5s  %5d  %10d  %7d  %11d  %14s  %s%n",
            level,
            geometry.shift(level),
            at.indexBits(),
            at.entries(),
            geometry.tableBytes(level),
            Sizes.of(geometry.spanBytes(level)),
            leaves(at));
      }
    }
    out.println();
    for (VaRegion region : geometry.vaLayout().regions()) {
      out.printf(
          "%-9s %s..%s  root %d%n",
          region.name(),
          HexAddress.of(region.firstVa()),
          HexAddress.of(region.lastVa()),
          region.root());
    }
    out.println();
  }

  /** Whether entries may map memory, and how many of them may be cached as one. */
  private String leaves(LevelGeometry at) {
    int members = variant.batchOps().runEntries(at.level());
    String runs =
        members == 1
            ? ""
            : ", runs of %d (%s)"
                .formatted(members, Sizes.of(members * geometry.spanBytes(at.level())));
    return at.leafAllowed() ? "yes" + runs : "no";
  }

  private void address() {
    List<AddressParts> parts = AddressParts.of(variant);
    StringBuilder bits = new StringBuilder();
    StringBuilder top = new StringBuilder("┌");
    StringBuilder names = new StringBuilder("│");
    StringBuilder bottom = new StringBuilder("└");
    for (AddressParts part : parts) {
      int width = Math.max(Math.max(part.name().length() + 2, part.bits()), 7);
      String high = String.valueOf(part.high());
      String low = String.valueOf(part.low());
      bits.append(' ')
          .append(high)
          .append(" ".repeat(width - high.length() - low.length()))
          .append(low);
      top.append("─".repeat(width)).append('┬');
      names.append(centred(part.name(), width)).append('│');
      bottom.append("─".repeat(width)).append('┴');
    }
    top.setCharAt(top.length() - 1, '┐');
    bottom.setCharAt(bottom.length() - 1, '┘');
    out.println("A virtual address");
    out.println(bits);
    out.println(top);
    out.println(names);
    out.println(bottom);
    out.println();
  }

  private static String centred(String text, int width) {
    int left = (width - text.length()) / 2;
    return " ".repeat(left) + text + " ".repeat(width - text.length() - left);
  }

  private void entry(EntryKind kind) {
    List<EntryField> fields = EntryFields.of(variant, kind);
    String title =
        switch (kind) {
          case TABLE -> "An entry that points at a table";
          case ROOT -> "An entry of the root";
          case HUGE -> "An entry that maps memory above the last level";
          case PAGE -> "An entry that maps a page";
          case SWAP -> "An entry that is not present";
        };
    int nameWidth = fields.stream().mapToInt(field -> field.name().length()).max().orElse(4);
    int textWidth = fields.stream().mapToInt(field -> field.meaning().length()).max().orElse(4);
    out.println(title);
    out.println("┌───────┬" + "─".repeat(nameWidth + 2) + "┬" + "─".repeat(textWidth + 2) + "┐");
    for (EntryField field : fields) {
      out.printf(
          "│ %5s │ %-" + nameWidth + "s │ %-" + textWidth + "s │%n",
          EntryFields.bits(field.mask()),
          field.name(),
          field.meaning());
    }
    out.println("└───────┴" + "─".repeat(nameWidth + 2) + "┴" + "─".repeat(textWidth + 2) + "┘");
    out.println();
  }
}

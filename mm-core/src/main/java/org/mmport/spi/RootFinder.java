package org.mmport.spi;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the roots, and whether the variant is in use at all, out of a CPU's registers. */
@FunctionalInterface
public interface RootFinder {
  /** A line of text below which others stand that are taken where a register is not known. */
  Pattern UNLESS = Pattern.compile("unless (\\S+) is known");

  /**
   * Roots that registers hold, from text as {@link RootRegisters#of} reads it. Below a line {@code
   * unless tcr_el1|tcr is known} stands what is taken where none of those registers is.
   *
   * @param parts the parts that the variant has, as they stand in brackets before lines
   * @throws InvalidRequestException for text that is not so made
   */
  static RootFinder of(String text, String... parts) {
    PartLines ours = new PartLines(parts);
    List<String> lines = text.lines().map(String::trim).toList();
    for (int i = 0; i < lines.size(); i++) {
      Matcher unless = UNLESS.matcher(lines.get(i));
      if (unless.matches()) {
        String register = unless.group(1);
        RootFinder known = RootRegisters.of(ours.of(String.join("\n", lines.subList(0, i))));
        RootFinder unknown = of(String.join("\n", lines.subList(i + 1, lines.size())), parts);
        return registers -> (registers.any(register).isPresent() ? known : unknown).find(registers);
      }
    }
    return RootRegisters.of(ours.of(text));
  }

  RootLookup find(Registers registers);

  /**
   * The same where memory is at hand: for architectures whose registers point at a table of roots,
   * or whose roots a hypervisor keeps. Asks the registers alone by default.
   */
  default RootLookup find(Registers registers, MemoryView memory) {
    return find(registers);
  }
}

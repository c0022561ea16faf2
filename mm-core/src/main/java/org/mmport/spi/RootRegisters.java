package org.mmport.spi;

import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One root that a register holds, in the modes of the CPU that others say it is in.
 *
 * @param root the register
 * @param mask which of its bits are the root's address
 * @param rules what must hold for the variant to be in use
 */
public record RootRegisters(String root, long mask, List<Rule> rules) implements RootFinder {
  private static final Pattern RULE =
      Pattern.compile("(\\S+)\\s+(?:known|([0-9]|[1-5][0-9]|6[0-3])=([01]))\\s+(\\S.*)");

  public RootRegisters {
    rules = List.copyOf(rules);
  }

  /**
   * What one register must be.
   *
   * @param bits those that it is about; 0 where it must be known, and no more
   * @param set whether they must be set, or clear; of a register that is not known they are
   * @param why what is said where that is not so
   */
  public record Rule(String register, long bits, boolean set, String why) {
    boolean holds(Registers registers) {
      OptionalLong value = registers.get(register);
      return bits == 0
          ? value.isPresent()
          : value.isEmpty() || ((value.getAsLong() & bits) != 0) == set;
    }
  }

  /**
   * With rules from a small table of text, each a line of register, bit and value, and the reason
   * where they are not so: {@code cr0 31=1 CR0.PG is not set}, {@code cr4 known cr4 is not known}.
   * The first that does not hold is what is said.
   *
   * @throws InvalidRequestException for a line that is not so made
   */
  public static RootRegisters of(String root, long mask, String rules) {
    return new RootRegisters(
        root, mask, rules.lines().filter(l -> !l.isBlank()).map(RootRegisters::parse).toList());
  }

  private static Rule parse(String line) {
    Matcher parts = RULE.matcher(line.trim());
    if (!parts.matches()) {
      throw new InvalidRequestException(
          "register rule '%s': write register, 'known' or the value of a bit from 0 to 63, and the reason, such as cr0 31=1 CR0.PG is not set"
              .formatted(line.trim()));
    }
    long bits = parts.group(2) == null ? 0 : 1L << Integer.parseInt(parts.group(2));
    return new Rule(parts.group(1), bits, "1".equals(parts.group(3)), parts.group(4));
  }

  @Override
  public RootLookup find(Registers registers) {
    for (Rule rule : rules) {
      if (!rule.holds(registers)) {
        return new RootLookup.NotSelected(rule.why());
      }
    }
    OptionalLong address = registers.get(root);
    return address.isPresent()
        ? new RootLookup.Found(List.of(address.getAsLong() & mask))
        : new RootLookup.NotSelected(root + " is not known");
  }
}

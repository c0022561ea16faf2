package org.mmport.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Roots that registers hold, in the modes of the CPU that others say it is in.
 *
 * @param rules what must hold for the variant to be in use
 * @param roots where each root is, by the index that {@link VaRegion#root()} uses
 */
public record RootRegisters(List<Rule> rules, List<RootAddress> roots) implements RootFinder {
  private static final Pattern RULE =
      Pattern.compile(
          "(prefer\\s+)?(\\S+)(\\s+known)?(?:\\s+(BIT(?::BIT)?)?(!?=)([0-9]{1,18}))?\\s+(?!\\S*=)(\\S.*)"
              .replace("BIT", "(?:[1-5]?[0-9]|6[0-3])"));

  private static final String ROOT = "root ";

  public RootRegisters {
    rules = List.copyOf(rules);
    roots = List.copyOf(roots);
  }

  /**
   * What one register must be.
   *
   * @param register its name, or several with {@code |} between them, of which one is known
   * @param known whether it must be known
   * @param bits those that it is about; 0 where it must be known, and no more
   * @param value what they must be, counted from the lowest; of a register that is not known they
   *     are
   * @param equal false where they must be anything else
   * @param preferred whether roots are read all the same where it is not so
   * @param why what is said where it is not so; {@code {}} in it is what the bits are
   */
  public record Rule(
      String register,
      boolean known,
      long bits,
      long value,
      boolean equal,
      boolean preferred,
      String why) {
    boolean holds(Registers registers) {
      OptionalLong found = registers.any(register);
      return found.isEmpty() ? !known : bits == 0 || (bitsOf(found) == value) == equal;
    }

    private long bitsOf(OptionalLong found) {
      return Long.compress(found.orElse(0), bits);
    }

    private String reason(Registers registers) {
      OptionalLong found = registers.any(register);
      return why.replace("{}", found.isEmpty() ? "unknown" : Long.toString(bitsOf(found)));
    }
  }

  /**
   * With rules from a small table of text, each a line of register, bits and value, and the reason
   * where they are not so: {@code cr0 31=1 CR0.PG is not set}, {@code cr4 known cr4 is not known},
   * {@code tcr_el1|tcr 5:0=16 TCR_EL1.T0SZ is {}}, {@code PAGESIZE known =4096 pages have {}
   * bytes}; {@code !=} demands any other value. The first that does not hold is what is said. A
   * line that begins with {@code prefer} makes what is found a {@link RootLookup.Fallback}; one
   * that begins with {@code root} is a root, as {@link RootAddress#of} reads it.
   *
   * @throws InvalidRequestException for text that is not so made
   */
  public static RootRegisters of(String text) {
    List<Rule> rules = new ArrayList<>();
    List<RootAddress> roots = new ArrayList<>();
    for (String line : text.lines().map(String::trim).filter(line -> !line.isEmpty()).toList()) {
      if (line.startsWith(ROOT)) {
        roots.add(RootAddress.of(line.substring(ROOT.length())));
      } else {
        rules.add(parse(line));
      }
    }
    return new RootRegisters(rules, roots);
  }

  private static Rule parse(String line) {
    Matcher parts = RULE.matcher(line);
    boolean made = parts.matches();
    if (!made || (parts.group(3) == null && parts.group(5) == null)) {
      throw new InvalidRequestException(
          "register rule '%s': write register, 'known' or the value of bits from 0 to 63, and the reason, such as cr0 31=1 CR0.PG is not set"
              .formatted(line));
    }
    boolean preferred = parts.group(1) != null;
    boolean known = parts.group(3) != null;
    String why = parts.group(7);
    if (parts.group(5) == null) {
      return new Rule(parts.group(2), known, 0, 0, true, preferred, why);
    }
    long bits = parts.group(4) == null ? -1 : RootAddress.mask(parts.group(4));
    long value = Long.parseLong(parts.group(6));
    if (Long.compress(-1, bits) != (Long.compress(-1, bits) | value)) {
      throw new InvalidRequestException(
          "register rule '%s': %d does not fit into those bits".formatted(line, value));
    }
    return new Rule(parts.group(2), known, bits, value, parts.group(5).equals("="), preferred, why);
  }

  @Override
  public RootLookup find(Registers registers) {
    String unlike = "";
    for (Rule rule : rules) {
      if (!rule.holds(registers)) {
        if (!rule.preferred()) {
          return RootLookup.no(rule.reason(registers));
        }
        unlike = unlike.isEmpty() ? rule.reason(registers) : unlike;
      }
    }
    List<Long> found = new ArrayList<>();
    for (RootAddress root : roots) {
      OptionalLong address = root.in(registers);
      if (address.isEmpty()) {
        return RootLookup.no(root.unknown(registers) + " is not known");
      }
      found.add(address.getAsLong());
    }
    return unlike.isEmpty() ? new RootLookup.Found(found) : new RootLookup.Fallback(found, unlike);
  }
}

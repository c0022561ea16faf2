package org.mmport.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The physical address of a root, out of registers.
 *
 * @param register where it is; several with {@code |} between them, of which one is known
 * @param terms what is added to it or taken away: a register's name or a number
 * @param parts which bits of it are the address; all where there are none
 */
public record RootAddress(String register, List<String> terms, List<Part> parts) {
  /** A root that nothing tells: beyond any memory. */
  public static final long NOWHERE = 0x000f_ffff_ffff_0000L;

  private static final Pattern BITS =
      Pattern.compile("(BIT(?::BIT)?)(?:@(BIT))?".replace("BIT", "(?:[1-5]?[0-9]|6[0-3])"));
  private static final Pattern TERM = Pattern.compile("[+-](?:0x[0-9a-f]{1,16}|[^0-9\\s]\\S*)");

  public RootAddress {
    terms = List.copyOf(terms);
    parts = List.copyOf(parts);
  }

  /** Bits of a register that are so many bits further up in the address. */
  public record Part(long mask, int up) {}

  /**
   * From text: {@code cr3 51:12} is those bits of cr3, {@code ttbr0_el1|ttbr0 47:6 5:2@48} has the
   * lower ones at bit 48 and up, {@code SYMBOL(swapper_pg_dir) -NUMBER(kimage_voffset)} and {@code
   * init_top_pgt -0xffffffff80000000 +phys_base 51:12} are sums. A last name of {@code nowhere}, as
   * in {@code ttbr0|nowhere}, is {@link #NOWHERE}.
   *
   * @throws InvalidRequestException for text that is not so made
   */
  public static RootAddress of(String text) {
    String[] words = text.trim().split("\\s+", -1);
    require(!words[0].isEmpty() && !BITS.matcher(words[0]).matches(), text);
    List<String> terms = new ArrayList<>();
    List<Part> parts = new ArrayList<>();
    for (int i = 1; i < words.length; i++) {
      Matcher bits = BITS.matcher(words[i]);
      if (bits.matches()) {
        long mask = mask(bits.group(1));
        int low = Long.numberOfTrailingZeros(mask);
        parts.add(
            new Part(mask, bits.group(2) == null ? 0 : Integer.parseInt(bits.group(2)) - low));
      } else {
        require(parts.isEmpty() && TERM.matcher(words[i]).matches(), text);
        terms.add(words[i]);
      }
    }
    return new RootAddress(words[0], terms, parts);
  }

  /** The bits of {@code 7} or {@code 11:8}. */
  static long mask(String bits) {
    String[] ends = bits.split(":", -1);
    return EntryField.of(
            bits,
            Integer.parseInt(ends[0]),
            Integer.parseInt(ends[ends.length - 1]),
            EntryRole.OTHER,
            bits)
        .mask();
  }

  private static void require(boolean holds, String text) {
    if (!holds) {
      throw new InvalidRequestException(
          "root address '%s': write a register, what is added to it, and its bits, such as cr3 51:12"
              .formatted(text));
    }
  }

  /** The address, where all is known that it is made of. */
  public OptionalLong in(Registers registers) {
    OptionalLong known = registers.any(register);
    if (known.isEmpty()) {
      return register.endsWith("|nowhere") ? OptionalLong.of(NOWHERE) : known;
    }
    long sum = known.getAsLong();
    for (String term : terms) {
      OptionalLong value = value(registers, term.substring(1));
      if (value.isEmpty()) {
        return value;
      }
      sum += term.startsWith("-") ? -value.getAsLong() : value.getAsLong();
    }
    return OptionalLong.of(parts.isEmpty() ? sum : chosen(sum));
  }

  /** The first name that is not known; empty where the address is. */
  String unknown(Registers registers) {
    if (registers.any(register).isEmpty()) {
      return register.replace("|", " or ");
    }
    return terms.stream()
        .map(term -> term.substring(1))
        .filter(name -> value(registers, name).isEmpty())
        .findFirst()
        .orElse("");
  }

  private long chosen(long value) {
    long address = 0;
    for (Part part : parts) {
      address |=
          part.up() < 0 ? (value & part.mask()) >>> -part.up() : (value & part.mask()) << part.up();
    }
    return address;
  }

  private static OptionalLong value(Registers registers, String word) {
    return word.startsWith("0x")
        ? OptionalLong.of(Long.parseUnsignedLong(word.substring(2), 16))
        : registers.get(word);
  }
}

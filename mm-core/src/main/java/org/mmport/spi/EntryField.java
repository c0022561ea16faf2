package org.mmport.spi;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One field of an entry, for people to read and for {@link PteBits} to take masks from.
 *
 * @param name the manual's short name, such as {@code PCD}
 * @param high highest bit, at most 63
 * @param low lowest bit
 * @param role what the core knows it as
 * @param meaning a few words
 * @param kinds in which entries the field is there
 */
public record EntryField(
    String name, int high, int low, EntryRole role, String meaning, Set<EntryKind> kinds) {
  private static final Pattern BITS = Pattern.compile("([0-9]{1,9})(?::([0-9]{1,9}))?");
  private static final Pattern PAGE = Pattern.compile("(?<=\\d:)page\\b");

  public EntryField {
    if (low < 0 || high > 63 || low > high) {
      throw new InvalidRequestException(
          "entry field "
              + name
              + " bits "
              + high
              + ":"
              + low
              + ": must lie in 63:0, the highest first");
    }
    kinds = Set.copyOf(kinds);
  }

  /**
   * A format as a small table, one field per line: kinds, bits, name, role, meaning. Kinds are the
   * first letters of {@link EntryKind}s; bits are {@code 7} or {@code 11:8}, and with commas
   * between them {@code 63:59,57} as many fields that are alike in all else. {@code THP 1 R/W WRITE
   * writable} is a bit of table, huge and page entries.
   *
   * @throws InvalidRequestException for a line that is not so made
   */
  public static List<EntryField> table(String text) {
    return text.lines().filter(line -> !line.isBlank()).flatMap(EntryField::parse).toList();
  }

  /**
   * The same where {@code 47:page} is from bit 47 down to the first that a page's address has, and
   * {@code rest} all bits of entries that no other line gives to one of that kind.
   */
  static List<EntryField> table(String text, PagingGeometry geometry) {
    List<String> lines =
        PAGE.matcher(text)
            .replaceAll(Integer.toString(geometry.pageShift()))
            .lines()
            .filter(line -> !line.isBlank())
            .toList();
    List<EntryField> fields = new ArrayList<>();
    lines.stream().filter(line -> !isRest(line)).flatMap(EntryField::parse).forEach(fields::add);
    for (String line : lines.stream().filter(EntryField::isRest).toList()) {
      String[] words = words(line);
      for (EntryKind kind : kinds(words[0], line)) {
        List<String> free = free(fields, kind, 8 * geometry.entryBytes() - 1);
        require(!free.isEmpty(), line, "a " + kind + " entry has no bits left");
        free.forEach(bits -> fields.add(parse(line, words, Set.of(kind), bits)));
      }
    }
    return fields;
  }

  private static boolean isRest(String line) {
    return words(line)[1].equals("rest");
  }

  /** The bits that no field of that kind of entry has, as they are written. */
  private static List<String> free(List<EntryField> fields, EntryKind kind, int highest) {
    long taken =
        fields.stream()
            .filter(field -> field.kinds().contains(kind))
            .mapToLong(EntryField::mask)
            .reduce(0, (a, b) -> a | b);
    List<String> runs = new ArrayList<>();
    for (int high = highest; high >= 0; high--) {
      int low = high;
      while (low >= 0 && (taken >>> low & 1) == 0) {
        low--;
      }
      if (low < high) {
        runs.add(low + 1 == high ? "" + high : high + ":" + (low + 1));
        high = low;
      }
    }
    return runs;
  }

  /**
   * Bits by the names of their fields, which entries of that kind have: {@code R/W U/S}. {@code
   * ATT=2} is a value in a field of several bits, {@code *} is every field.
   *
   * @throws InvalidRequestException for a name that no field has, or a value that does not fit
   */
  public static long bits(List<EntryField> fields, EntryKind kind, String names) {
    long bits = 0;
    for (String word : names.isBlank() ? new String[0] : names.trim().split("\\s+")) {
      String[] parts = word.split("=", 2);
      long mask =
          fields.stream()
              .filter(field -> field.name().equals(parts[0]) || parts[0].equals("*"))
              .filter(field -> field.kinds().contains(kind))
              .mapToLong(EntryField::mask)
              .reduce(0, (a, b) -> a | b);
      requireNamed(mask != 0, word, "no field of a " + kind + " entry has that name");
      if (parts.length == 1) {
        bits |= mask;
      } else {
        requireNamed(parts[1].matches("[0-9]{1,9}"), word, "write a number behind the =");
        long value = Long.parseLong(parts[1]);
        requireNamed(value >>> Long.bitCount(mask) == 0, word, "too large for its field");
        bits |= Long.expand(value, mask);
      }
    }
    return bits;
  }

  private static void requireNamed(boolean holds, String word, String rule) {
    if (!holds) {
      throw new InvalidRequestException("bits '" + word + "': " + rule);
    }
  }

  private static String[] words(String line) {
    String[] words = line.trim().split("\\s+", 5);
    require(words.length == 5, line, "write kinds, bits, name, role, meaning");
    return words;
  }

  private static Stream<EntryField> parse(String line) {
    String[] words = words(line);
    Set<EntryKind> kinds = kinds(words[0], line);
    return Arrays.stream(words[1].split(",", -1)).map(bits -> parse(line, words, kinds, bits));
  }

  private static EntryField parse(String line, String[] words, Set<EntryKind> kinds, String word) {
    Matcher bits = BITS.matcher(word);
    require(bits.matches(), line, "bits '" + word + "' are not such as 7 or 11:8");
    int high = Integer.parseInt(bits.group(1));
    int low = bits.group(2) == null ? high : Integer.parseInt(bits.group(2));
    require(
        low <= high && high <= 63, line, "bits " + word + " must lie in 63:0, the highest first");
    EntryRole role =
        Arrays.stream(EntryRole.values())
            .filter(known -> known.name().equals(words[3]))
            .findFirst()
            .orElseThrow(
                () -> malformed(line, words[3] + " is no EntryRole; OTHER is for the rest"));
    return new EntryField(words[2], high, low, role, words[4], kinds);
  }

  private static Set<EntryKind> kinds(String letters, String line) {
    Set<EntryKind> kinds = EnumSet.noneOf(EntryKind.class);
    for (int i = 0; i < letters.length(); i++) {
      char letter = letters.charAt(i);
      EntryKind kind =
          Arrays.stream(EntryKind.values())
              .filter(known -> known.name().charAt(0) == letter)
              .findFirst()
              .orElseThrow(
                  () ->
                      malformed(
                          line,
                          "kind '%s' is no first letter of %s"
                              .formatted(letter, Arrays.toString(EntryKind.values()))));
      require(kinds.add(kind), line, "kind '" + letter + "' is there twice; name each once");
    }
    return kinds;
  }

  private static void require(boolean holds, String line, String rule) {
    if (!holds) {
      throw malformed(line, rule);
    }
  }

  private static InvalidRequestException malformed(String line, String rule) {
    return new InvalidRequestException("entry field '" + line.trim() + "': " + rule);
  }

  /** A field of several bits; without kinds it is there in all but ROOT. */
  public static EntryField of(
      String name, int high, int low, EntryRole role, String meaning, EntryKind... kinds) {
    Set<EntryKind> where =
        kinds.length == 0
            ? EnumSet.complementOf(EnumSet.of(EntryKind.ROOT))
            : EnumSet.copyOf(List.of(kinds));
    return new EntryField(name, high, low, role, meaning, where);
  }

  /** A field of one bit; without kinds it is there in all but ROOT. */
  public static EntryField bit(
      String name, int bit, EntryRole role, String meaning, EntryKind... kinds) {
    return of(name, bit, bit, role, meaning, kinds);
  }

  /** The same field in those of its kinds that are among these; perhaps in none. */
  public EntryField in(Set<EntryKind> some) {
    Set<EntryKind> both = EnumSet.noneOf(EntryKind.class);
    both.addAll(kinds);
    both.retainAll(some);
    return new EntryField(name, high, low, role, meaning, both);
  }

  /** The field's bits, set. */
  public long mask() {
    return (-1L >>> (63 - high + low)) << low;
  }
}

package org.mmport.spi;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What some variants of a port have and others have not, in one table of text: a line that begins
 * with the names of parts, {@code [4k 16k] P 7:1 ...}, is taken where one of them is wanted. Names
 * alone on a line stand for all lines below that begin with none, up to the next such line.
 *
 * @param wanted the parts that a variant has
 */
record PartLines(Set<String> wanted) {
  private static final Pattern NAMED = Pattern.compile("\\[([^\\]]*)]\\s*(.*)");

  PartLines {
    wanted = Set.copyOf(wanted);
  }

  PartLines(String... wanted) {
    this(new TreeSet<>(List.of(wanted)));
  }

  /** The lines that belong to the wanted parts, or to no part. */
  String of(String text) {
    StringBuilder taken = new StringBuilder();
    boolean ours = true;
    for (String line : text.lines().toList()) {
      Matcher named = NAMED.matcher(line);
      if (!named.matches()) {
        taken.append(ours ? line + '\n' : "");
      } else if (named.group(2).isEmpty()) {
        ours = wants(named);
      } else {
        taken.append(wants(named) ? named.group(2) + '\n' : "");
      }
    }
    return taken.toString();
  }

  /**
   * Refuses parts that no line names.
   *
   * @throws InvalidRequestException if there is one
   */
  void requireNamed(String text) {
    Set<String> unknown = new TreeSet<>(wanted);
    text.lines()
        .map(NAMED::matcher)
        .filter(Matcher::matches)
        .forEach(named -> unknown.removeAll(names(named)));
    if (!unknown.isEmpty()) {
      throw new InvalidRequestException(
          "entry layout of %s: no line names it; write [%s] before what is its own"
              .formatted(unknown, String.join(" ", unknown)));
    }
  }

  private boolean wants(Matcher named) {
    return names(named).stream().anyMatch(wanted::contains);
  }

  private static Set<String> names(Matcher named) {
    return Pattern.compile("\\s+").splitAsStream(named.group(1)).collect(Collectors.toSet());
  }
}

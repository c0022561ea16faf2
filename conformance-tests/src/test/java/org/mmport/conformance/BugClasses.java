package org.mmport.conformance;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The classes of bugs that page-table projects had again and again. */
final class BugClasses {
  /** What a clause calls a bug class by, in its source. */
  private static final Pattern NAMED = Pattern.compile("bug class(?:es)? (\\d+)(?: and (\\d+))?");

  static final Map<Integer, String> NAMES = names();

  private BugClasses() {}

  /** Ids of the clauses whose source names the class. */
  static List<String> clauses(int number) {
    String wanted = Integer.toString(number);
    return ConformanceSuite.clauses().stream()
        .filter(clause -> NAMED.matcher(clause.source()).results().anyMatch(r -> has(r, wanted)))
        .map(ClauseInfo::id)
        .toList();
  }

  private static boolean has(MatchResult result, String wanted) {
    return wanted.equals(result.group(1)) || wanted.equals(result.group(2));
  }

  private static Map<Integer, String> names() {
    Map<Integer, String> names = new TreeMap<>();
    names.put(1, "the operand of an invalidation is wrong for the page size");
    names.put(2, "a misaligned superpage is accepted");
    names.put(3, "validity is not checked at the last level");
    names.put(4, "present, read-only or no-execute above is ignored");
    names.put(5, "the PAT bit is taken as address");
    names.put(6, "protect loses accessed, dirty and software bits");
    names.put(7, "PROT_NONE loses the frame");
    names.put(8, "unmap of part of a large leaf removes all of it");
    names.put(9, "empty tables are never freed and block a large map");
    names.put(10, "a non-canonical address is accepted");
    names.put(11, "off by one level");
    names.put(12, "a range of exactly one large entry");
    names.put(13, "frames are freed before the flush");
    names.put(14, "shared tables are refused");
    names.put(15, "an entry that is not present holds a physical address");
    names.put(16, "the access flag is taken for write permission");
    names.put(17, "an absent mapping returns garbage; tables leak");
    names.put(18, "a writable entry must be dirty for hardware to write");
    names.put(19, "physical address 0 stands for no table");
    return Collections.unmodifiableMap(names);
  }
}

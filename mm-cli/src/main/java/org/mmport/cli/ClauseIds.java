package org.mmport.cli;

import java.util.Iterator;
import java.util.stream.Stream;
import org.mmport.conformance.ClauseInfo;
import org.mmport.conformance.ConformanceSuite;

/** What --clause takes, for completion: areas, then clauses. */
final class ClauseIds implements Iterable<String> {
  @Override
  public Iterator<String> iterator() {
    return Stream.concat(
            ConformanceSuite.clauses().stream().map(ClauseInfo::area).distinct(),
            ConformanceSuite.clauses().stream().map(ClauseInfo::id))
        .iterator();
  }
}

package org.mmport.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.TreeMap;

/** Maps for eyes. */
record TextRanges(PrintWriter out) implements RangeSink {
  @Override
  public void leaf(long va, LeafFacts facts) {
    out.print(
        HexAddress.of(va)
            + " -> 0x%012x %4s %s %s\n"
                .formatted(
                    facts.physAddr(), Sizes.of(facts.sizeBytes()), facts.rights(), facts.flags()));
  }

  @Override
  public void range(long firstVa, long lastVa, LeafFacts rights, Map<Long, Long> pages) {
    StringBuilder counts = new StringBuilder();
    new TreeMap<>(pages)
        .forEach(
            (sizeBytes, count) -> counts.append(" %d x %s".formatted(count, Sizes.of(sizeBytes))));
    out.print(
        "%s..%s %8s %s %s\n"
            .formatted(
                HexAddress.of(firstVa),
                HexAddress.of(lastVa),
                Sizes.of(lastVa - firstVa + 1),
                rights.rights(),
                counts.toString().strip()));
  }
}

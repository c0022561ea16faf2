package org.mmport.cli;

import java.util.Map;

/** Where maps go: to eyes or to scripts. */
interface RangeSink {
  void leaf(long va, LeafFacts facts);

  /** Neighbouring leaves with the same rights; {@code pages} counts them by their bytes. */
  void range(long firstVa, long lastVa, LeafFacts rights, Map<Long, Long> pages);
}

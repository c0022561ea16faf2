package org.mmport.conformance;

import java.util.List;
import java.util.function.UnaryOperator;
import org.mmport.spi.BatchOps;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/** The x86_64 port with one part exchanged, and the bits that breaking it is about. */
final class BrokenX64 {
  static final long P = 1;
  static final long RW = 1L << 1;
  static final long US = 1L << 2;
  static final long A = 1L << 5;
  static final long D = 1L << 6;
  static final long PS = 1L << 7;
  static final long G = 1L << 8;
  static final long SOFT_DIRTY = 1L << 11;
  static final long PAT_LARGE = 1L << 12;
  static final long SAVED_DIRTY = 1L << 58;
  static final long NX = 1L << 63;
  static final long MOVED = 1L << 40;
  static final long ADDRESS = 0x000f_ffff_ffff_f000L;

  private BrokenX64() {}

  static MmuVariant good() {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals("x86_64/4level"))
        .findFirst()
        .orElseThrow();
  }

  static Broken format(
      String name, UnaryOperator<PteFormat> breaker, String message, String... clauses) {
    MmuVariant good = good();
    return new Broken(
        name, good.withFormat(breaker.apply(good.format())), List.of(clauses), message);
  }

  static Broken rules(String name, TlbRules rules, String message, String... clauses) {
    return new Broken(name, good().withTlbRules(rules), List.of(clauses), message);
  }

  static Broken batch(String name, BatchOps batchOps, String message, String... clauses) {
    MmuVariant good = good();
    MmuVariant broken =
        new MmuVariant(
            good.id(),
            good.geometry(),
            good.features(),
            good.format(),
            good.tlbRules(),
            batchOps,
            good.segmentMap(),
            good.rootFinder());
    return new Broken(name, broken, List.of(clauses), message);
  }

  static Broken geometry(String name, PagingGeometry geometry, String message, String... clauses) {
    return new Broken(name, good().withGeometry(geometry), List.of(clauses), message);
  }
}

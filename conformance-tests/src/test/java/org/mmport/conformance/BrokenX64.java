package org.mmport.conformance;

import java.util.function.UnaryOperator;
import org.mmport.spi.BatchOps;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/** The x86_64 port with one part exchanged, and the bits that breaking it is about. */
final class BrokenX64 {
  private static final String VARIANT = "x86_64/4level";

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
    return Breaker.good(VARIANT);
  }

  static Broken format(
      String name, UnaryOperator<PteFormat> breaker, String message, String... clauses) {
    return Breaker.format(name, VARIANT, breaker, message, clauses);
  }

  static Broken rules(String name, TlbRules rules, String message, String... clauses) {
    return Breaker.rules(name, VARIANT, good -> rules, message, clauses);
  }

  static Broken batch(String name, BatchOps batchOps, String message, String... clauses) {
    return Breaker.broken(
        name,
        VARIANT,
        good ->
            new MmuVariant(
                good.id(),
                good.geometry(),
                good.features(),
                good.format(),
                good.tlbRules(),
                batchOps,
                good.segmentMap(),
                good.rootFinder()),
        message,
        clauses);
  }

  static Broken geometry(String name, PagingGeometry geometry, String message, String... clauses) {
    return Breaker.geometry(name, VARIANT, good -> geometry, message, clauses);
  }
}

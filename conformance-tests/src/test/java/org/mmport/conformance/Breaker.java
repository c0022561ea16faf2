package org.mmport.conformance;

import java.util.List;
import java.util.function.UnaryOperator;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/** Breaks one part of a variant that is right. */
final class Breaker {
  private Breaker() {}

  static MmuVariant good(String id) {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  static Broken format(
      String name,
      String variant,
      UnaryOperator<PteFormat> change,
      String message,
      String... clauses) {
    MmuVariant right = good(variant);
    return new Broken(
        variant + ": " + name,
        right.withFormat(change.apply(right.format())),
        List.of(clauses),
        message);
  }

  static Broken rules(
      String name,
      String variant,
      UnaryOperator<TlbRules> change,
      String message,
      String... clauses) {
    MmuVariant right = good(variant);
    return new Broken(
        variant + ": " + name,
        right.withTlbRules(change.apply(right.tlbRules())),
        List.of(clauses),
        message);
  }

  static Broken geometry(
      String name,
      String variant,
      UnaryOperator<PagingGeometry> change,
      String message,
      String... clauses) {
    MmuVariant right = good(variant);
    return new Broken(
        variant + ": " + name,
        right.withGeometry(change.apply(right.geometry())),
        List.of(clauses),
        message);
  }
}

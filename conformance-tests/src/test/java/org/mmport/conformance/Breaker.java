package org.mmport.conformance;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.mmport.spi.MmuFeature;
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

  /** The variant of that id with one thing changed. */
  static Broken broken(
      String name,
      String variant,
      UnaryOperator<MmuVariant> change,
      String message,
      String... clauses) {
    return broken(name, good(variant), change, message, clauses);
  }

  /** The same of a variant that is no port's. */
  static Broken broken(
      String name,
      MmuVariant good,
      UnaryOperator<MmuVariant> change,
      String message,
      String... clauses) {
    return new Broken(good.id() + ": " + name, change.apply(good), List.of(clauses), message);
  }

  static Broken format(
      String name,
      String variant,
      UnaryOperator<PteFormat> change,
      String message,
      String... clauses) {
    return broken(
        name, variant, good -> good.withFormat(change.apply(good.format())), message, clauses);
  }

  static Broken rules(
      String name,
      String variant,
      UnaryOperator<TlbRules> change,
      String message,
      String... clauses) {
    return broken(
        name, variant, good -> good.withTlbRules(change.apply(good.tlbRules())), message, clauses);
  }

  static Broken geometry(
      String name,
      String variant,
      UnaryOperator<PagingGeometry> change,
      String message,
      String... clauses) {
    return broken(
        name, variant, good -> good.withGeometry(change.apply(good.geometry())), message, clauses);
  }

  /** The same variant, which says the opposite of one feature. */
  static MmuVariant flipped(MmuVariant good, MmuFeature feature) {
    Set<MmuFeature> features = EnumSet.copyOf(good.features());
    if (!features.remove(feature)) {
      features.add(feature);
    }
    return new MmuVariant(
        good.id(),
        good.geometry(),
        features,
        good.format(),
        good.tlbRules(),
        good.batchOps(),
        good.segmentMap(),
        good.rootFinder());
  }
}

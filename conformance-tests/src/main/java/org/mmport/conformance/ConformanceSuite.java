package org.mmport.conformance;

import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.mmport.spi.Architecture;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;

/** Runs clauses on variants. */
public final class ConformanceSuite {
  /** The seed where nobody names one. */
  public static final long DEFAULT_SEED = 42;

  private ConformanceSuite() {}

  /** Every variant of every port on the class path, by architecture. */
  public static List<MmuVariant> variants() {
    List<MmuVariant> all = new ArrayList<>();
    ServiceLoader.load(Architecture.class).forEach(port -> all.addAll(port.variants()));
    return List.copyOf(all);
  }

  /** Every clause, by area and number. */
  public static List<ClauseInfo> clauses() {
    return ClauseCatalog.ALL;
  }

  /** Runs what is selected of all clauses on all variants found; results in order of variants. */
  public static List<ClauseResult> run(ClauseSelection selection, long seed) {
    return run(selection.selectedVariants(variants()), selection, seed, result -> {});
  }

  /** Runs the selected clauses on given variants, and passes each result on as it comes. */
  public static List<ClauseResult> run(
      List<MmuVariant> variants,
      ClauseSelection selection,
      long seed,
      Consumer<ClauseResult> progress) {
    List<ClauseResult> results = new ArrayList<>();
    for (MmuVariant variant : variants) {
      for (ClauseInfo clause : selection.selectedClauses()) {
        ClauseResult result = run(clause, variant, seed);
        progress.accept(result);
        results.add(result);
      }
    }
    return results;
  }

  /** Runs one clause on one variant. Never throws: whatever a port does wrong is a result. */
  public static ClauseResult run(ClauseInfo clause, MmuVariant variant, long seed) {
    long start = System.nanoTime();
    ClauseOutcome outcome = ClauseOutcome.PASS;
    String reason = "";
    try (ClauseContext context = new ClauseContext(clause, variant, seed)) {
      try {
        requireFeatures(clause, variant);
        clause.method().invoke(null, context);
      } catch (InvocationTargetException e) {
        throw judged(context, e.getCause() == null ? e : e.getCause());
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(clause + " cannot be called", e);
      }
    } catch (ClauseNotApplicable e) {
      outcome = ClauseOutcome.NOT_APPLICABLE;
      reason = String.valueOf(e.getMessage());
    } catch (ClauseFailure e) {
      outcome = ClauseOutcome.FAIL;
      reason = String.valueOf(e.getMessage());
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    return new ClauseResult(clause.id(), variant.id(), outcome, reason, seed, millis);
  }

  private static void requireFeatures(ClauseInfo clause, MmuVariant variant) {
    for (MmuFeature feature : clause.requires()) {
      if (!variant.has(feature)) {
        throw new ClauseNotApplicable(variant.id() + " does not have " + feature);
      }
    }
    for (MmuFeature feature : clause.absent()) {
      if (variant.has(feature)) {
        throw new ClauseNotApplicable(variant.id() + " has " + feature);
      }
    }
  }

  /** What a clause threw, as one of the two exceptions that end clauses. */
  private static RuntimeException judged(ClauseContext context, Throwable thrown) {
    if (thrown instanceof ClauseFailure || thrown instanceof ClauseNotApplicable) {
      return (RuntimeException) thrown;
    }
    StackTraceElement[] trace = thrown.getStackTrace();
    String where =
        trace.length == 0 ? "" : " in " + trace[0].getClassName() + ":" + trace[0].getLineNumber();
    String message = String.valueOf(thrown.getMessage()).replace('\n', ' ');
    return new ClauseFailure(
        context.line(
            "",
            "expected no exception, found %s%s: %s"
                .formatted(thrown.getClass().getSimpleName(), where, message)));
  }
}

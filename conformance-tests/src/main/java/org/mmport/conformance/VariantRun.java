package org.mmport.conformance;

import java.lang.reflect.InvocationTargetException;
import java.util.HashMap;
import java.util.Map;
import org.mmport.cpu.CpuSet;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;

/** The suite on one variant. Remembers what held, for the clauses that rest on it. */
final class VariantRun {
  private final MmuVariant variant;
  private final long seed;
  private final HardwareUse hardware;
  private final CpuFlushes cpuFlushes;
  private final Map<String, ClauseResult> results = new HashMap<>();

  /** For a clause that was not run, the failed one that it rests on, at first hand or not. */
  private final Map<String, String> defects = new HashMap<>();

  VariantRun(MmuVariant variant, long seed, HardwareUse hardware) {
    this(variant, seed, hardware, CpuSet::flusher);
  }

  /** The same with CPUs that are flushed in another way: wrongly, to see that it is noticed. */
  VariantRun(MmuVariant variant, long seed, HardwareUse hardware, CpuFlushes cpuFlushes) {
    this.variant = variant;
    this.seed = seed;
    this.hardware = hardware;
    this.cpuFlushes = cpuFlushes;
  }

  /** Runs a clause, unless it was run before. Never throws: what a port does wrong is a result. */
  ClauseResult run(ClauseInfo clause) {
    ClauseResult known = results.get(clause.id());
    if (known != null) {
      return known;
    }
    ClauseResult result = judge(clause);
    results.put(clause.id(), result);
    return result;
  }

  private ClauseResult judge(ClauseInfo clause) {
    for (ClauseInfo premise : ClauseCatalog.premises(clause)) {
      ClauseResult result = run(premise);
      String failed =
          result.outcome() == ClauseOutcome.FAIL
              ? premise.id()
              : defects.getOrDefault(premise.id(), "");
      if (!failed.isEmpty()) {
        defects.put(clause.id(), failed);
        String reason = "rests on %s, which %s fails".formatted(failed, variant.id());
        return result(clause, ClauseOutcome.NOT_APPLICABLE, reason, 0);
      }
    }
    long start = System.nanoTime();
    ClauseOutcome outcome = ClauseOutcome.PASS;
    String reason = "";
    try {
      requireFeatures(clause);
      call(clause);
    } catch (ClauseNotApplicable e) {
      outcome = ClauseOutcome.NOT_APPLICABLE;
      reason = String.valueOf(e.getMessage());
    } catch (ClauseFailure e) {
      outcome = ClauseOutcome.FAIL;
      reason = String.valueOf(e.getMessage());
    }
    return result(clause, outcome, reason, (System.nanoTime() - start) / 1_000_000);
  }

  private ClauseResult result(
      ClauseInfo clause, ClauseOutcome outcome, String reason, long millis) {
    return new ClauseResult(clause.id(), variant.id(), outcome, reason, seed, millis);
  }

  private void call(ClauseInfo clause) {
    try (ClauseContext context = new ClauseContext(clause, variant, seed, hardware, cpuFlushes)) {
      try {
        clause.method().invoke(null, context);
      } catch (InvocationTargetException e) {
        throw judged(context, e.getCause() == null ? e : e.getCause());
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(clause + " cannot be called", e);
      }
    }
  }

  private void requireFeatures(ClauseInfo clause) {
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

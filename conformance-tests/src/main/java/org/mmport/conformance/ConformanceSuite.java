package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.mmport.spi.Architecture;
import org.mmport.spi.MmuVariant;

/** Runs clauses on variants. */
public final class ConformanceSuite {
  /** The seed where nobody names one. */
  public static final long DEFAULT_SEED = 42;

  private static final ThreadFactory THREADS =
      Thread.ofPlatform().daemon().name("conformance-", 0).factory();

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

  /**
   * Runs the selected clauses on given variants, as many side by side as there are processors, and
   * passes each result on, from the thread that calls: by variant, then by clause.
   */
  public static List<ClauseResult> run(
      List<MmuVariant> variants,
      ClauseSelection selection,
      long seed,
      Consumer<ClauseResult> progress) {
    List<ClauseInfo> clauses = selection.selectedClauses();
    List<ClauseResult> results = new ArrayList<>();
    int atOnce = Math.max(1, Math.min(variants.size(), Runtime.getRuntime().availableProcessors()));
    List<FutureTask<ClauseResult>> promised = new ArrayList<>();
    try (ExecutorService workers = Executors.newFixedThreadPool(atOnce, THREADS)) {
      try {
        for (MmuVariant variant : variants) {
          VariantRun run = new VariantRun(variant, seed, selection.hardware());
          List<FutureTask<ClauseResult>> ofVariant =
              clauses.stream().map(clause -> new FutureTask<>(() -> run.run(clause))).toList();
          promised.addAll(ofVariant);
          workers.execute(() -> ofVariant.forEach(FutureTask::run));
        }
        for (FutureTask<ClauseResult> result : promised) {
          results.add(result.get());
          progress.accept(results.getLast());
        }
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException("the suite could not go on: " + e.getMessage(), e);
      } finally {
        promised.forEach(result -> result.cancel(false));
      }
    }
    return results;
  }
}

package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.mmport.spi.Architecture;
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
      VariantRun run = new VariantRun(variant, seed, selection.hardware());
      for (ClauseInfo clause : selection.selectedClauses()) {
        ClauseResult result = run.run(clause);
        progress.accept(result);
        results.add(result);
      }
    }
    return results;
  }
}

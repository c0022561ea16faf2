package org.mmport.conformance;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.mmport.spi.MmuVariant;
import org.opentest4j.TestAbortedException;

/**
 * Runs the suite under JUnit: a container for each variant, a test for each clause. A port's whole
 * conformance test is
 *
 * <pre>{@code
 * class ConformanceTest extends PortConformance {}
 * }</pre>
 *
 * <p>System properties: {@code mmport.variant} and {@code mmport.clause}, lists with commas, choose
 * variants or ports, and clauses or areas; {@code mmport.seed} is what random choices are made
 * from; {@code mmport.hw} is {@code where-installed} or {@code required} to have QEMU asked too. A
 * clause that has nothing to say about a variant is reported as aborted, with its reason.
 */
public abstract class PortConformance {

  /** The variants to run; override to choose others than those on the class path. */
  protected List<MmuVariant> variants() {
    return ConformanceSuite.variants();
  }

  /** The tests, as a tree. */
  @TestFactory
  Stream<DynamicContainer> conformance() {
    long seed = Long.getLong("mmport.seed", ConformanceSuite.DEFAULT_SEED);
    ClauseSelection selection = selection();
    List<MmuVariant> chosen = selection.selectedVariants(variants());
    Assertions.assertFalse(
        chosen.isEmpty(),
        "no port on the class path: register an Architecture with @AutoService(Architecture.class)");
    return chosen.stream()
        .map(
            variant ->
                container(new VariantRun(variant, seed, selection.hardware()), variant, selection));
  }

  private static ClauseSelection selection() {
    ClauseSelection named = new ClauseSelection(names("mmport.variant"), names("mmport.clause"));
    String hardware = System.getProperty("mmport.hw", "");
    return hardware.isBlank() ? named : named.withHardware(HardwareUse.of(hardware));
  }

  private static DynamicContainer container(
      VariantRun run, MmuVariant variant, ClauseSelection selection) {
    return DynamicContainer.dynamicContainer(
        variant.id(), selection.selectedClauses().stream().map(clause -> test(clause, run)));
  }

  private static DynamicTest test(ClauseInfo clause, VariantRun run) {
    String name = clause.id() + " " + clause.text();
    return DynamicTest.dynamicTest(
        name,
        () -> {
          ClauseResult result = run.run(clause);
          switch (result.outcome()) {
            case PASS -> {}
            case FAIL -> Assertions.fail(result.reason() + "; look at: " + clause.check());
            case NOT_APPLICABLE -> throw new TestAbortedException(result.reason());
          }
        });
  }

  private static List<String> names(String property) {
    String value = System.getProperty(property, "");
    return value.isBlank()
        ? List.of()
        : Arrays.stream(value.split(",", -1)).map(String::strip).toList();
  }
}

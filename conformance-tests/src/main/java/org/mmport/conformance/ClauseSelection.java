package org.mmport.conformance;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;

/**
 * What of the suite is to run.
 *
 * @param variants ids of variants or names of ports; empty for all
 * @param clauses ids of clauses or areas; empty for all
 * @param hardware whether QEMU is asked
 */
public record ClauseSelection(List<String> variants, List<String> clauses, HardwareUse hardware) {
  public static final ClauseSelection ALL = new ClauseSelection(List.of(), List.of());

  /**
   * Copies the lists.
   *
   * @throws InvalidRequestException for a clause or area that does not exist
   */
  public ClauseSelection {
    variants = List.copyOf(variants);
    clauses = clauses.stream().map(name -> name.toUpperCase(Locale.ROOT)).toList();
    for (String name : clauses) {
      if (ClauseCatalog.ALL.stream().noneMatch(named(name))) {
        throw new InvalidRequestException(
            "clause '%s': there is none; areas are %s, ids look like FMT-03"
                .formatted(name, ClauseCatalog.areas()));
      }
    }
  }

  /** Asks QEMU where it is installed and a clause that needs it is named, and else not. */
  public ClauseSelection(List<String> variants, List<String> clauses) {
    this(
        variants,
        clauses,
        clauses.stream().anyMatch(name -> name.toUpperCase(Locale.ROOT).startsWith("HW"))
            ? HardwareUse.WHERE_INSTALLED
            : HardwareUse.OFF);
  }

  /** The same with another use of hardware. */
  public ClauseSelection withHardware(HardwareUse use) {
    return new ClauseSelection(variants, clauses, use);
  }

  /** The selected clauses in the suite's order. */
  List<ClauseInfo> selectedClauses() {
    if (clauses.isEmpty()) {
      return ClauseCatalog.ALL;
    }
    return ClauseCatalog.ALL.stream()
        .filter(clause -> clauses.stream().anyMatch(name -> named(name).test(clause)))
        .toList();
  }

  /**
   * The selected ones of some variants.
   *
   * @throws InvalidRequestException for a name that is none of them
   */
  public List<MmuVariant> selectedVariants(List<MmuVariant> all) {
    for (String name : variants) {
      if (all.stream().noneMatch(variant -> answersTo(variant, name))) {
        throw new InvalidRequestException(
            "variant or port '%s': there is none; variants are %s".formatted(name, all));
      }
    }
    return all.stream()
        .filter(v -> variants.isEmpty() || variants.stream().anyMatch(name -> answersTo(v, name)))
        .toList();
  }

  private static boolean answersTo(MmuVariant variant, String name) {
    return variant.id().equals(name) || variant.id().startsWith(name + "/");
  }

  private static Predicate<ClauseInfo> named(String name) {
    return clause -> clause.id().equals(name) || clause.area().equals(name);
  }
}

package org.mmport.fork;

import java.util.List;
import org.mmport.mm.ForkStrategy;
import org.mmport.spi.InvalidRequestException;

/** All ways to fork that there are. */
public final class ForkStrategies {
  private static final List<ForkStrategy> ALL =
      List.of(
          ForkStrategy.EAGER,
          new BatchedCopy(),
          LazyCopy.PTE_TABLES,
          LazyCopy.PMD_TABLES,
          LazyCopy.ALL_TABLES);

  private ForkStrategies() {}

  /** Eager first, which is the measure for the others. */
  public static List<ForkStrategy> all() {
    return ALL;
  }

  /**
   * The one of that name.
   *
   * @throws InvalidRequestException when there is none
   */
  public static ForkStrategy named(String name) {
    return ALL.stream()
        .filter(strategy -> strategy.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    "'%s': no way to fork; one of %s"
                        .formatted(name, ALL.stream().map(ForkStrategy::name).toList())));
  }
}

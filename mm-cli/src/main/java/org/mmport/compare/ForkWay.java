package org.mmport.compare;

import java.util.ArrayList;
import java.util.List;
import org.mmport.fork.ForkStrategies;
import org.mmport.mm.Fork;
import org.mmport.mm.ForkStrategy;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.KnownRuns;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.NaiveRuns;

/**
 * A way to fork that is compared with others.
 *
 * @param variant what it is done on: where there are contiguous entries, there are ways to have
 *     them that nobody would choose
 */
public record ForkWay(ForkStrategy strategy, MmuVariant variant) {
  /**
   * All there are on a variant: first those that a process may choose, then with runs of contiguous
   * entries done one by one, and with runs that the core knows of.
   */
  public static List<ForkWay> of(MmuVariant variant) {
    List<ForkWay> ways = new ArrayList<>();
    ForkStrategies.all().forEach(strategy -> ways.add(new ForkWay(strategy, variant)));
    if (variant.batchOps() instanceof ContiguousRuns runs) {
      ways.add(
          new ForkWay(
              new Labelled("naive-contpte", ForkStrategy.EAGER),
              variant.withBatchOps(new NaiveRuns(runs))));
      ways.add(
          new ForkWay(
              new Labelled("known-contpte", ForkStrategies.named("batched")),
              variant.withBatchOps(new KnownRuns(runs))));
    }
    return List.copyOf(ways);
  }

  /** A strategy that is shown under another name. */
  private record Labelled(String name, ForkStrategy strategy) implements ForkStrategy {
    @Override
    public void copy(Fork fork) {
      strategy.copy(fork);
    }
  }
}

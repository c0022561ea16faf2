package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.scenario.MmBench;
import org.mmport.spi.MmuVariant;

/**
 * Threads on a machine with address spaces. At the end what holds between any two steps must hold,
 * and when all address spaces have ended nothing may be left of them.
 */
public final class MmScene implements Program.Scene {
  private final MmBench bench;
  private final Acts acts;

  /**
   * What happens on a machine.
   *
   * @param verdict what is wrong with the outcome, asked first, if anything; takes files away
   */
  public record Acts(List<Runnable> threads, Supplier<Optional<String>> verdict) {}

  private MmScene(MmBench bench, Acts acts) {
    this.bench = bench;
    this.acts = acts;
  }

  /** A program of such scenes, each on a machine of its own. */
  public static Program of(MmuVariant variant, Function<MmBench, Acts> acts) {
    return steps -> {
      MmBench bench = new MmBench(variant, steps);
      return new MmScene(bench, acts.apply(bench));
    };
  }

  @Override
  public PhysicalMemory memory() {
    return bench.memory();
  }

  @Override
  public List<Runnable> threads() {
    return acts.threads();
  }

  @Override
  public Optional<String> verdict() {
    return bench
        .invariants()
        .broken()
        .or(acts.verdict())
        .or(
            () -> {
              bench.system().spaces().forEach(AddressSpace::close);
              long left = bench.leaked();
              return left == 0 ? Optional.empty() : Optional.of(left + " frames are left in use");
            });
  }

  @Override
  public void close() {
    bench.close();
  }
}

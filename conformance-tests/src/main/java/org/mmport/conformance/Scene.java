package org.mmport.conformance;

import org.mmport.machine.Steps;
import org.mmport.mm.AddressSpace;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.Script;
import org.mmport.scenario.StepResult;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/** A machine on which clauses have scripts run, everything being counted anew after each step. */
final class Scene implements AutoCloseable {
  private final ClauseContext c;
  private final MmBench bench;

  Scene(ClauseContext c) {
    this(c, Steps.NONE);
  }

  /** One of which somebody is told what its threads do. */
  Scene(ClauseContext c, Steps steps) {
    this(c, c.variant(), steps);
  }

  /** The same on another variant. */
  Scene(ClauseContext c, MmuVariant variant, Steps steps) {
    this.c = c;
    this.bench = new MmBench(variant, steps);
  }

  MmBench bench() {
    return bench;
  }

  /** The process of that name. */
  AddressSpace process(String name) {
    AddressSpace space = bench.simulation().processes().get(name);
    if (space == null) {
      throw new IllegalStateException("the clause's script starts no process " + name);
    }
    return space;
  }

  /**
   * Starts a process {@code a} that has page 20 and those behind it by two whole runs of contiguous
   * entries. Returns how many pages these are.
   */
  int startWithTwoRuns() {
    int pages = 2 * c.variant().batchOps().runEntries(Level.PTE);
    play(
        """
        folios %d
        start a
        mmap a 20 %d rw- private
        cpu0 store a 21 1
        """
            .formatted(Integer.numberOfTrailingZeros(pages), pages));
    return pages;
  }

  /** Runs a script, each line of which must come to what it says, or to done or a value. */
  void play(String text) {
    for (Script.Line line : Script.parse(text.lines().toList()).lines()) {
      step(line);
      sound("after '" + line.step() + "'");
    }
  }

  /** Runs one step of a script, as above, without counting. */
  void step(Script.Line line) {
    StepResult result = bench.simulation().run(line.step());
    boolean fine =
        line.expected().isPresent()
            ? result.equals(line.expected().get())
            : result instanceof StepResult.Done || result instanceof StepResult.Value;
    String expected = line.expected().map(StepResult::toString).orElse("it done");
    c.check(fine, "'%s' to be %s".formatted(line.step(), expected), result);
  }

  /** What must hold between any two steps. */
  void sound(String when) {
    bench.invariants().broken().ifPresent(reason -> c.check(false, "all sound " + when, reason));
  }

  @Override
  public void close() {
    bench.close();
  }
}

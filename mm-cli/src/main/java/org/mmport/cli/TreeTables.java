package org.mmport.cli;

import java.util.List;
import org.mmport.pgtable.FaultReason;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.Walk;
import org.mmport.pgtable.WalkStep;
import org.mmport.spi.MmuVariant;

/** Page tables that are trees. */
record TreeTables(TableWalker walker) implements Tables {
  @Override
  public MmuVariant variant() {
    return walker.variant();
  }

  @Override
  public Answer lookup(long va) {
    Walk walk = walker.walk(va);
    List<String> steps = walk.steps().stream().map(this::step).toList();
    return switch (walk.outcome()) {
      case Outcome.Mapped mapped ->
          new Answer(
              va,
              steps,
              new Answer.Mapped(
                  LeafFacts.of(variant(), mapped.raw(), mapped.level(), mapped.rights()),
                  mapped.physAddr()));
      case Outcome.Fault fault ->
          new Answer(
              va,
              steps,
              new Answer.Fault(word(fault.reason()), fault.level().name(), fault.detail()));
    };
  }

  private String step(WalkStep step) {
    return "%-3s table 0x%012x [%4d] at 0x%012x = 0x%016x  %s"
        .formatted(
            step.level(),
            step.tableAddr(),
            step.index(),
            step.entryAddr(),
            step.raw(),
            EntryText.of(variant(), step.raw(), step.level()));
  }

  /** In a dump, what is not in memory is not in the dump. */
  private static String word(FaultReason reason) {
    return reason == FaultReason.OUTSIDE_MEMORY ? "outside-dump" : reason.word();
  }
}

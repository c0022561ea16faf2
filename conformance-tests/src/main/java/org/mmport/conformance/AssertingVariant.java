package org.mmport.conformance;

import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * A port that checks how it is called: no level that is folded, no table where leaves are asked
 * for, no address that an entry cannot hold, no run set over what is present, no leaf changed in
 * place that must be broken first. What the port answers is not touched.
 *
 * <p>Runs are never entry-wise here, so that every store of a leaf is seen.
 */
public final class AssertingVariant {
  private AssertingVariant() {}

  /** The variant, with a {@link CallProtocolException} for every call that breaks the protocol. */
  public static MmuVariant of(MmuVariant variant) {
    return variant
        .withFormat(new AssertingFormat(variant))
        .withTlbRules(new Rules(variant))
        .withBatchOps(new Runs(variant));
  }

  static CallProtocolException broken(
      MmuVariant variant, String call, Level level, long raw, String rule) {
    return new CallProtocolException(
        "%s %s at %s, 0x%x: %s".formatted(variant.id(), call, level, raw, rule));
  }

  private record Rules(MmuVariant variant) implements TlbRules {
    @Override
    public TlbDuty duty(long oldRaw, long newRaw, Level level) {
      if (variant.geometry().at(level).isFolded()) {
        throw broken(
            variant, "duty", level, oldRaw, "the level is folded, so nothing changes there");
      }
      return variant.tlbRules().duty(oldRaw, newRaw, level);
    }
  }

  private record Runs(MmuVariant variant) implements BatchOps {
    @Override
    public long get(EntryArray table, int index, PteFormat format) {
      return variant.batchOps().get(table, inside(table, index, 1), format);
    }

    @Override
    public void set(
        EntryArray table, int index, long raw, int nr, long stepBytes, PteFormat format) {
      inside(table, index, nr);
      Level level = table.level();
      if (stepBytes != variant.geometry().spanBytes(level)) {
        throw broken(variant, "set of a run", level, raw, "the step is what one entry spans");
      }
      for (int i = index; i < index + nr; i++) {
        long there = table.get(i);
        if (variant.format().present(there, level)) {
          throw broken(variant, "set of a run", level, there, "only where nothing is present");
        }
      }
      variant.batchOps().set(table, index, raw, nr, stepBytes, format);
    }

    @Override
    public void replace(EntryArray table, int index, long raw, PteFormat format) {
      Level level = table.level();
      long there = table.get(inside(table, index, 1));
      if (!variant.format().present(there, level)
          || variant.format().physAddr(there, level) != variant.format().physAddr(raw, level)) {
        throw broken(variant, "replace", level, there, "only a leaf that maps the same memory");
      }
      if (variant.tlbRules().duty(there, raw, level).breakBeforeMake()) {
        throw broken(variant, "replace", level, there, "must be made invalid and flushed before");
      }
      variant.batchOps().replace(table, index, raw, format);
    }

    @Override
    public long clear(EntryArray table, int index, PteFormat format) {
      return variant.batchOps().clear(table, inside(table, index, 1), format);
    }

    private int inside(EntryArray table, int index, int nr) {
      if (index < 0 || nr < 1 || index > table.length() - nr) {
        throw broken(
            variant,
            "run of " + nr + " from entry " + index,
            table.level(),
            0,
            "a table has " + table.length() + " entries");
      }
      return index;
    }
  }
}

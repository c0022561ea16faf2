package org.mmport.conformance;

import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.LeafTable;
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

  /** Checks the calls, and hands them on to the port's own. */
  private record Runs(MmuVariant variant) implements BatchOps {
    @Override
    public int runEntries(Level level) {
      return variant.batchOps().runEntries(level);
    }

    @Override
    public boolean inRun(long raw, Level level, PteFormat format) {
      return variant.batchOps().inRun(raw, level, format);
    }

    /** Always, so that no store of a single leaf goes unseen. */
    @Override
    public boolean mayComplete(int index, long raw, Level level, PteFormat format) {
      return true;
    }

    @Override
    public int hint(EntryArray table, int index) {
      return variant.batchOps().hint(table, inside(table, index, 1));
    }

    @Override
    public long get(EntryArray table, int index) {
      return variant.batchOps().get(table, inside(table, index, 1));
    }

    @Override
    public long getLockless(EntryArray table, int index) {
      return variant.batchOps().getLockless(table, inside(table, index, 1));
    }

    @Override
    public void set(LeafTable table, int index, int nr, long raw) {
      inside(table, index, nr);
      Level level = table.level();
      for (int i = index; i < index + nr; i++) {
        long there = table.get(i);
        if (variant.format().present(there, level)) {
          throw broken(variant, "set of a run", level, there, "only where nothing is present");
        }
      }
      variant.batchOps().set(table, index, nr, raw);
    }

    @Override
    public void isolate(LeafTable table, int index, int nr) {
      variant.batchOps().isolate(table, inside(table, index, nr), nr);
    }

    @Override
    public long clear(LeafTable table, int index, int nr) {
      return variant.batchOps().clear(table, inside(table, index, nr), nr);
    }

    @Override
    public int replace(LeafTable table, int index, int nr, long old, long raw) {
      Level level = table.level();
      inside(table, index, nr);
      if (!variant.format().present(old, level)
          || variant.format().physAddr(old, level) != variant.format().physAddr(raw, level)) {
        throw broken(variant, "replace", level, old, "only a leaf that maps the same memory");
      }
      if (variant.tlbRules().duty(old, raw, level).breakBeforeMake()) {
        throw broken(variant, "replace", level, old, "must be made invalid and flushed before");
      }
      int members = variant.batchOps().runEntries(level);
      boolean whole = (index & (members - 1)) == 0 && (nr & (members - 1)) == 0;
      if (!whole && nr > 1 && variant.batchOps().inRun(old, level, variant.format())) {
        throw broken(variant, "replace", level, old, "a part of what is cached as one");
      }
      return variant.batchOps().replace(table, index, nr, old, raw);
    }

    @Override
    public void modify(LeafTable table, int index, int nr, long pgprot) {
      Level level = table.level();
      for (int i = inside(table, index, nr); i < index + nr; i++) {
        long old = table.get(i);
        long changed = variant.format().modify(old, pgprot, level);
        if (!variant.format().present(old, level)) {
          throw broken(variant, "modify", level, old, "only leaves that are present");
        }
        if (variant.tlbRules().duty(old, changed, level).breakBeforeMake()) {
          throw broken(variant, "modify", level, old, "must be made invalid and flushed before");
        }
      }
      variant.batchOps().modify(table, index, nr, pgprot);
    }

    @Override
    public void wrProtect(LeafTable table, int index, int nr) {
      variant.batchOps().wrProtect(table, inside(table, index, nr), nr);
    }

    @Override
    public boolean mkOld(LeafTable table, int index, int nr) {
      return variant.batchOps().mkOld(table, inside(table, index, nr), nr);
    }

    @Override
    public void mkClean(LeafTable table, int index, int nr) {
      variant.batchOps().mkClean(table, inside(table, index, nr), nr);
    }

    @Override
    public void mkOldClean(LeafTable table, int index, int nr) {
      variant.batchOps().mkOldClean(table, inside(table, index, nr), nr);
    }

    @Override
    public boolean setAccessFlags(LeafTable table, int index, long raw) {
      return variant.batchOps().setAccessFlags(table, inside(table, index, 1), raw);
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

package org.mmport.conformance;

import java.util.List;
import java.util.function.UnaryOperator;
import org.mmport.spi.BatchOps;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.EntryArray;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** Contiguous runs with one thing wrong, and the clauses that must say so. */
final class BrokenRuns {
  private static final long CONT = 1L << 52;

  private BrokenRuns() {}

  static List<Broken> all() {
    return List.of(
        runs(
            "CONT on 15 of 16",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public void set(LeafTable table, int index, int nr, long raw) {
                    in.set(table, index, nr, raw);
                    int last = index + nr - 1;
                    table.set(last, table.get(last) & ~CONT);
                  }
                },
            "expected no flush beside what changed",
            "FLUSH-22",
            "BATCH-03",
            "BATCH-04",
            "CONT-02",
            "CONT-03",
            "CONT-04",
            "CONT-05",
            "CONT-06",
            "CONT-07",
            "CONT-11"),
        runs(
            "runs are dissolved without a flush",
            in ->
                seeing(
                    in,
                    t ->
                        new FilterLeafTable(t) {
                          @Override
                          public void flushNow(int index, int nr, long oldRaw) {}
                        }),
            "expected a flush of it",
            "FLUSH-22",
            "BATCH-04",
            "CONT-04",
            "CONT-13"),
        runs(
            "one page of a run is flushed where all are dissolved",
            in ->
                seeing(
                    in,
                    t ->
                        new FilterLeafTable(t) {
                          @Override
                          public void flushNow(int index, int nr, long oldRaw) {
                            t.flushNow(index, 1, oldRaw);
                          }
                        }),
            "expected a flush of it",
            "FLUSH-22",
            "BATCH-04",
            "CONT-04"),
        runs(
            "a part changes and the run is not dissolved",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public void isolate(LeafTable table, int index, int nr) {}
                },
            "expected nothing mapped there, found an entry",
            "MAP-03",
            "MAP-06",
            "FLUSH-22",
            "FLUSH-32",
            "BATCH-03",
            "CONT-04",
            "CONT-10",
            "CONT-11",
            "CONT-12",
            "CONT-13"),
        runs(
            "only the run at the start of a range is dissolved",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public void isolate(LeafTable table, int index, int nr) {
                    int members = in.runEntries(table.level());
                    in.isolate(table, index, Math.max(1, Math.min(nr, members - index % members)));
                  }
                },
            "expected the run at the end in no run",
            "CONT-12"),
        runs(
            "young and dirty of other members are not read",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public long get(EntryArray table, int index) {
                    return table.get(index);
                  }
                },
            "expected after nothing, get of entry 14 with marks young",
            "BATCH-03",
            "BATCH-06"),
        runs(
            "a part is cleared out of a run",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public long clear(LeafTable table, int index, int nr) {
                    return BatchOps.ENTRY_WISE.clear(table, index, nr);
                  }
                },
            "expected after setAccessFlags 45, get of entry 41 none",
            "BATCH-03",
            "CONT-02"),
        runs(
            "the kernel's pages are joined",
            in ->
                seeing(
                    in,
                    t ->
                        new FilterLeafTable(t) {
                          @Override
                          public TableOwner owner() {
                            return TableOwner.USER;
                          }
                        }),
            "expected after set[32, 48), entry 32: no run in the kernel's tables",
            "CONT-02",
            "CONT-09"),
        runs(
            "pages of two folios are joined",
            in ->
                seeing(
                    in,
                    t ->
                        new FilterLeafTable(t) {
                          @Override
                          public boolean oneFolio(long physAddr, long sizeBytes) {
                            return true;
                          }
                        }),
            "expected pages of one folio or not in no run",
            "CONT-07"),
        runs(
            "memory that is aligned otherwise is joined",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public void set(LeafTable table, int index, int nr, long raw) {
                    int members = in.runEntries(table.level());
                    boolean whole = index % members == 0 && nr % members == 0;
                    boolean user = table.owner() == TableOwner.USER;
                    boolean valid = table.format().valid(raw, table.level());
                    if (whole && user && valid) {
                      table.fill(index, nr, raw | CONT);
                    } else {
                      in.set(table, index, nr, raw);
                    }
                  }
                },
            "expected after set[0, 16), entry 0: aligned memory",
            "CONT-02",
            "CONT-03"),
        runs(
            "runs of 32",
            in -> new ContiguousRuns(CONT, 32, Level.PMD, 16),
            "expected 16 members",
            "CONT-01"),
        runs(
            "another bit",
            in -> new ContiguousRuns(1L << 57, 16, Level.PMD, 16),
            "expected no flush beside what changed",
            "FLUSH-22",
            "CONT-01"),
        runs(
            "no runs of blocks",
            in -> new ContiguousRuns(CONT, 16, Level.PMD, 1),
            "expected 16 members",
            "CONT-01"),
        runs(
            "swap entries are taken for members",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public boolean inRun(long raw, Level level, PteFormat format) {
                    return (raw & CONT) != 0;
                  }
                },
            "expected not in a run",
            "BATCH-02"),
        runs(
            "one member is made old, not the run",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public boolean mkOld(LeafTable table, int index, int nr) {
                    return BatchOps.ENTRY_WISE.mkOld(table, index, nr);
                  }
                },
            "expected after mkOld[30, 38), get of entry 26 with no marks but none, found young",
            "BATCH-03"),
        runs(
            "one member is made writable in its run",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public boolean setAccessFlags(LeafTable table, int index, long raw) {
                    return BatchOps.ENTRY_WISE.setAccessFlags(table, index, raw);
                  }
                },
            "expected after nothing, get of entry 18 with marks young and dirty",
            "BATCH-03",
            "CONT-02"),
        runs(
            "a change of access is not noted",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public void wrProtect(LeafTable table, int index, int nr) {
                    in.wrProtect(
                        new FilterLeafTable(table) {
                          @Override
                          public void owe(int i, int n, long oldRaw, long newRaw) {}
                        },
                        index,
                        nr);
                  }
                },
            "expected all flushed in time after wrProtect[8, 15)",
            "BATCH-04"),
        runs(
            "dirty is lost when a run is dissolved",
            in ->
                seeing(
                    in,
                    t ->
                        new FilterLeafTable(t) {
                          @Override
                          public long take(int index, int nr) {
                            return t.format().mkClean(t.take(index, nr), t.level());
                          }
                        }),
            "expected what the loop would have done",
            "BATCH-03",
            "CONT-08"),
        runs(
            "a part is write-protected in its run",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public void wrProtect(LeafTable table, int index, int nr) {
                    BatchOps.ENTRY_WISE.wrProtect(table, index, nr);
                  }
                },
            "expected after setAccessFlags 41, get of entry 24 read-only",
            "BATCH-03",
            "CONT-02"),
        runs(
            "without the lock a run is read as with it",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public long getLockless(EntryArray table, int index) {
                    return in.get(table, index);
                  }
                },
            "expected the leaf before or the leaf after",
            "BATCH-06"),
        runs(
            "the hint is the run's length wherever in it",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public int hint(EntryArray table, int index) {
                    return in.hint(table, index) == 1 ? 1 : in.runEntries(table.level());
                  }
                },
            "expected a hint of 15 at entry 17",
            "BATCH-05"),
        runs(
            "nothing is ever joined",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public void set(LeafTable table, int index, int nr, long raw) {
                    BatchOps.ENTRY_WISE.set(table, index, nr, raw);
                  }
                },
            "expected the first member 0x0078000000010fc3",
            "CONT-01"),
        runs(
            "single pages never complete a run",
            in ->
                new FilterBatchOps(in) {
                  @Override
                  public boolean mayComplete(int index, long raw, Level level, PteFormat format) {
                    return false;
                  }
                },
            "expected pages of one folio or not in a run",
            "CONT-07"));
  }

  private static BatchOps seeing(BatchOps in, UnaryOperator<LeafTable> change) {
    return new FilterBatchOps(in) {
      @Override
      LeafTable seen(LeafTable table) {
        return change.apply(table);
      }
    };
  }

  private static Broken runs(
      String name, UnaryOperator<BatchOps> change, String message, String... clauses) {
    MmuVariant right = Breaker.good("arm64/4k-va48");
    return new Broken(
        right.id() + ": " + name,
        right.withBatchOps(change.apply(right.batchOps())),
        List.of(clauses),
        message);
  }
}

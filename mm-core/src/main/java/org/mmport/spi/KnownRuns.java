package org.mmport.spi;

/**
 * Runs that whoever reads entries knows of: an entry is what it is, and young and dirty of those
 * that it is cached with are asked for where they matter, by what changes them. So reading one
 * costs one read, not one for each member (R4.36). The other answer to whether the core should know
 * of runs (R4.19); {@link ContiguousRuns} is the one that hides them.
 *
 * @param in what makes, dissolves and changes runs
 */
public record KnownRuns(ContiguousRuns in) implements OverRuns {
  @Override
  public long get(EntryArray table, int index) {
    return table.get(index);
  }

  @Override
  public long getLockless(EntryArray table, int index) {
    return table.get(index);
  }

  /** The same with runs of another size, or 1 for none: the core asks for what it wants to know. */
  public KnownRuns ofEntries(int pteEntries) {
    return new KnownRuns(new ContiguousRuns(in.bit(), pteEntries, in.upper(), in.upperEntries()));
  }
}

package org.mmport.machine;

/**
 * One lock of a machine, the same in every run of the same program.
 *
 * @param number of the file, node, CPU or table; 0 where there is one of its kind
 */
public record LockName(LockRank rank, long number) {
  /** As in {@code CPU 1}. */
  @Override
  public String toString() {
    return rank + " " + number;
  }
}

package org.mmport.pgtable;

/**
 * What became of tables that several address spaces use, since the beginning.
 *
 * @param shared tables that another came to point at, those below them not counted
 * @param copied tables of which one of those who shared them made its own
 * @param reused tables that the last of those who shared them took for its own as they are
 * @param dropped tables that one of those who shared them left to the others
 */
public record SharingCounts(long shared, long copied, long reused, long dropped) {
  /** Nothing was ever shared. */
  public static final SharingCounts NONE = new SharingCounts(0, 0, 0, 0);

  SharingCounts plusShared(int tables) {
    return new SharingCounts(shared + tables, copied, reused, dropped);
  }

  SharingCounts plusCopied() {
    return new SharingCounts(shared, copied + 1, reused, dropped);
  }

  SharingCounts plusReused() {
    return new SharingCounts(shared, copied, reused + 1, dropped);
  }

  SharingCounts plusDropped() {
    return new SharingCounts(shared, copied, reused, dropped + 1);
  }
}

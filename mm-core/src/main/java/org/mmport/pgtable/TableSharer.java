package org.mmport.pgtable;

/** Who accounts for what tables map, where tables are shared. */
public interface TableSharer {
  /** For address spaces that share no table. */
  TableSharer NONE =
      new TableSharer() {
        @Override
        public void copy(PteTable from, PteTable to) {
          throw nobody(from);
        }

        @Override
        public boolean writesAreShared(long firstVa, long lastVa) {
          return false;
        }

        @Override
        public void wrProtect(PteTable table) {
          throw nobody(table);
        }

        private IllegalStateException nobody(PteTable table) {
          return new IllegalStateException(
              "table 0x%x is shared, and nobody accounts for its pages"
                  .formatted(table.tableAddr()));
        }

        @Override
        public Pages pages() {
          return new Pages() {
            @Override
            public void add(long note) {}

            @Override
            public void attached() {}

            @Override
            public void dropped() {}
          };
        }
      };

  /**
   * Gives a second table, which is empty, the same entries, and what they hold a second time. What
   * may not be written by two loses the right to be written in both. Cannot fail.
   */
  void copy(PteTable from, PteTable to);

  /**
   * Whether any page of a range is all processes' that may have its table: whoever writes such a
   * page need not have a table of its own.
   */
  boolean writesAreShared(long firstVa, long lastVa);

  /**
   * Takes the right to write from all leaves of a table but those of pages that are all processes':
   * where the entry above cannot forbid it, or must not.
   */
  void wrProtect(PteTable table);

  /** What no table maps yet. */
  Pages pages();

  /** What tables map together, by their {@linkplain PteTable#note() notes}. */
  interface Pages {
    /** And one table more. */
    void add(long note);

    /** The address space uses these tables from now on. */
    void attached();

    /** The address space no longer uses these tables, which others go on using. */
    void dropped();
  }
}

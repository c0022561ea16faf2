package org.mmport.arch.ppc64;

import java.util.List;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootRegisters;
import org.mmport.spi.RootTable;
import org.mmport.spi.RootTable.Place;
import org.mmport.spi.TreeShape;

/**
 * Roots of radix trees, out of the process table (Power ISA 3.0B Book III, section 5.7.6): named as
 * {@code prtb}, found through {@code ptcr}, or, where a hypervisor keeps the partition table, by
 * what Linux puts into its entry 0.
 */
final class Ppc64Roots {
  private static final RootRegisters MODE = RootRegisters.of("lpcr 20=1 LPCR[HR] is 0: hashed");

  /** Entries of the partition table have 16 bytes, the process table's address in the latter 8. */
  private static final List<Place> PROCESS_TABLE =
      List.of(Place.at("prtb 59:12"), Place.through("ptcr 59:12", 16, "lpidr", 8, "59:12"));

  /** RTS for 52 bits and RPDS for a root of 13: {@code radix__get_tree_size()}. */
  private static final String TREE =
      """
      root tree 52:16
      tree 62:61=2 its addresses have not 52 bits
      tree 7:5=5   its addresses have not 52 bits
      tree 4:0=13  its root has {} index bits
      """;

  private Ppc64Roots() {}

  /** Page sizes are told apart by what trees say of their last level. */
  static RootFinder of(PagingGeometry geometry, PteFormat format) {
    TreeShape shape = new TreeShape(geometry, format);
    return new RootTable(MODE, PROCESS_TABLE, "pid", 16, RootRegisters.of(TREE), shape);
  }
}

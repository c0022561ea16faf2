package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;

/** Leaves that a port makes, of every level and protection, to try the laws of the algebra on. */
final class Leaves {
  private Leaves() {}

  /** What is done with each leaf. */
  @FunctionalInterface
  interface Visitor {
    void leaf(long raw, Level level);
  }

  /** What is done with each fresh leaf. */
  @FunctionalInterface
  interface FreshVisitor {
    void leaf(long raw, Level level, Protection protection, long physAddr);
  }

  /** Fresh leaves of every level, each protection at a few addresses. */
  static void fresh(ClauseContext c, List<Protection> protections, FreshVisitor visitor) {
    for (Level level : c.leafLevels()) {
      long last = Samples.lastPhysAddr(c.geometry(), level);
      for (Protection protection : protections) {
        for (long physAddr : new long[] {0, last, Samples.physAddr(c, level)}) {
          visitor.leaf(make(c, physAddr, protection, level), level, protection, physAddr);
        }
      }
    }
  }

  /** The same leaves in every state of young, dirty and writable that the port can make. */
  static void all(ClauseContext c, Visitor visitor) {
    all(c, Samples.ALL, visitor);
  }

  static void all(ClauseContext c, List<Protection> protections, Visitor visitor) {
    PteFormat format = c.format();
    fresh(
        c,
        protections,
        (raw, level, protection, physAddr) -> {
          for (int state = 0; state < 8; state++) {
            long one = (state & 1) != 0 ? format.mkYoung(raw, level) : format.mkOld(raw, level);
            one = (state & 2) != 0 ? format.mkDirty(one, level) : format.mkClean(one, level);
            one = (state & 4) != 0 ? format.mkWrite(one, level) : format.wrProtect(one, level);
            visitor.leaf(one, level);
          }
        });
  }

  static long make(ClauseContext c, long physAddr, Protection protection, Level level) {
    return c.format().mkLeaf(physAddr, c.format().pgprot(protection), level);
  }
}

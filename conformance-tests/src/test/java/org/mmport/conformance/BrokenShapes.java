package org.mmport.conformance;

import static org.mmport.conformance.BrokenX64.A;
import static org.mmport.conformance.BrokenX64.D;
import static org.mmport.conformance.BrokenX64.MOVED;
import static org.mmport.conformance.BrokenX64.P;
import static org.mmport.conformance.BrokenX64.RW;
import static org.mmport.conformance.BrokenX64.batch;
import static org.mmport.conformance.BrokenX64.geometry;
import static org.mmport.conformance.BrokenX64.good;
import static org.mmport.conformance.BrokenX64.rules;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.BatchOps;
import org.mmport.spi.FlushScope;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.VaLayout;

/** Geometries, TLB rules and batches gone wrong. */
final class BrokenShapes {
  private BrokenShapes() {}

  static List<Broken> all() {
    List<Broken> all = new ArrayList<>();
    all.addAll(shapes());
    all.addAll(tlbs());
    all.addAll(batches());
    return all;
  }

  private static PagingGeometry shape(VaLayout layout, int paBits, List<LevelGeometry> levels) {
    PagingGeometry good = good().geometry();
    return new PagingGeometry(good.pageShift(), layout, paBits, good.byteOrder(), 8, 8, levels);
  }

  private static LevelGeometry level(Level level, int bits, boolean leaf) {
    return LevelGeometry.of(level, bits, 8, leaf);
  }

  private static List<Broken> shapes() {
    List<LevelGeometry> right = good().geometry().levels();
    return List.of(
        geometry(
            "pages are taken for 8 KiB",
            new PagingGeometry(
                13, VaLayout.signExtended(48), 52, good().geometry().byteOrder(), 8, 8, right),
            "expected 21 frame bits, found 22",
            "GEO-08",
            "GEO-15"),
        geometry(
            "canonical addresses are one bit too narrow",
            shape(VaLayout.signExtended(47), 52, right),
            "expected region 0x0..0x7fffffffffff of root 0, found region",
            "GEO-15"),
        geometry(
            "the high half is missing",
            shape(VaLayout.zeroExtended(47), 52, right),
            "expected 6 rows, levels and regions, found 5, the last is region",
            "GEO-15"),
        geometry(
            "physical addresses are too short",
            shape(VaLayout.signExtended(48), 46, right),
            "expected 16 frame bits, found 22",
            "GEO-08"),
        geometry(
            "leaves of 1 GiB are not allowed",
            shape(
                VaLayout.signExtended(48),
                52,
                PagingGeometry.levels(
                    level(Level.PGD, 9, false),
                    level(Level.PUD, 9, false),
                    level(Level.PMD, 9, true),
                    level(Level.PTE, 9, true))),
            "expected PUD with shift 30, 512 entries, 4096 bytes, leaf, found PUD with",
            "GEO-15"),
        geometry(
            "a level that should be folded is real",
            shape(
                VaLayout.signExtended(48),
                52,
                PagingGeometry.levels(
                    level(Level.PGD, 9, false),
                    level(Level.P4D, 9, false),
                    level(Level.PUD, 9, true),
                    level(Level.PMD, 9, true),
                    level(Level.PTE, 9, true))),
            "expected PGD with shift 39, 512 entries, 4096 bytes, no leaves, found PGD",
            "GEO-15"));
  }

  private static List<Broken> tlbs() {
    MmuVariant good = good();
    return List.of(
        rules(
            "nothing is ever flushed",
            (o, n, l) -> TlbDuty.NONE,
            "expected a flush of LEAF for a leaf made invalid, now 0x0000000000000000",
            "FLUSH-01",
            "FLUSH-02",
            "FLUSH-03",
            "FLUSH-04",
            "FLUSH-05",
            "FLUSH-06",
            "FLUSH-07"),
        rules(
            "an unmapped leaf stays in the TLB",
            (o, n, l) ->
                n == 0 && good.format().leaf(o, l) ? TlbDuty.NONE : good.tlbRules().duty(o, n, l),
            "expected a flush of LEAF for a leaf made invalid, now 0x0000000000000000",
            "FLUSH-01"),
        rules(
            "a leaf that moves stays in the TLB",
            (o, n, l) -> {
              boolean leaf = good.format().leaf(o, l) && (n & P) != 0;
              return good.tlbRules().duty(o, leaf ? (n & ~MOVED) | (o & MOVED) : n, l);
            },
            "expected a flush of LEAF for another frame, now 0x80000100000000a7, found",
            "FLUSH-03"),
        rules(
            "an unhooked table is flushed like a leaf",
            (o, n, l) ->
                n == 0 && (o & P) != 0 && !good.format().leaf(o, l)
                    ? TlbDuty.FLUSH_LEAF
                    : good.tlbRules().duty(o, n, l),
            "expected a flush of WALK_CACHES for a table unhooked, now",
            "FLUSH-04"),
        rules(
            "a table that moves stays in the caches of upper levels",
            (o, n, l) ->
                (o & n & P) != 0 && !good.format().leaf(o, l) && o != n
                    ? TlbDuty.FLUSH_LEAF
                    : good.tlbRules().duty(o, n, l),
            "expected a flush of WALK_CACHES for another table, now 0x000ffffffffff067",
            "FLUSH-05"),
        rules(
            "a leaf that loses its write permission stays in the TLB",
            (o, n, l) -> good.tlbRules().duty(o, (n & P) != 0 ? n | (o & RW) : n, l),
            "expected a flush of LEAF for -w-s to r--p, now 0x80019d35000000a5, found",
            "FLUSH-02"),
        rules(
            "emptying asks which frame",
            (o, n, l) ->
                n == 0 && (o & P) != 0 && good.format().leaf(o, l) && (o & 1L << 40) != 0
                    ? TlbDuty.FLUSH_WALK_CACHES
                    : good.tlbRules().duty(o, n, l),
            "expected emptying owes TlbDuty",
            "FLUSH-15"),
        rules(
            "a leaf that loses dirty stays in the TLB",
            (o, n, l) -> (o ^ n) == D ? TlbDuty.NONE : good.tlbRules().duty(o, n, l),
            "expected a flush of LEAF for dirty cleared, now 0x80000000000008a7, found",
            "FLUSH-07"),
        rules(
            "a first mapping is flushed for nothing",
            (o, n, l) ->
                o == 0 && (n & P) != 0 && l == Level.PTE
                    ? TlbDuty.FLUSH_LEAF
                    : good.tlbRules().duty(o, n, l),
            "expected no duty for a leaf where none was, now 0x8000000000000025, found",
            "FLUSH-08"),
        rules(
            "what does not change is flushed",
            (o, n, l) ->
                o == n && (o & P) != 0 ? TlbDuty.FLUSH_LEAF : good.tlbRules().duty(o, n, l),
            "expected no duty for no change, now 0x8000000000000085, found TlbDuty",
            "FLUSH-10"),
        rules(
            "hooking a table demands a reload",
            (o, n, l) ->
                o == 0 && n != 0 && l == Level.PGD
                    ? new TlbDuty(FlushScope.NONE, false, true)
                    : good.tlbRules().duty(o, n, l),
            "expected no duty for a table hooked where nothing was, now",
            "FLUSH-14"),
        rules(
            "a page that is made dirty is flushed for nothing",
            (o, n, l) ->
                (o & P) != 0 && (n & ~o) == (D | A) && (o & ~n) == 0
                    ? TlbDuty.FLUSH_LEAF
                    : good.tlbRules().duty(o, n, l),
            "for made young and dirty, now 0x8000000012345067, found",
            "FLUSH-16"),
        rules(
            "break-before-make is demanded of a machine without it",
            (o, n, l) -> {
              boolean split =
                  good.format().leaf(o, l)
                      && (o & P) != 0
                      && (n & P) != 0
                      && !good.format().leaf(n, l);
              return split ? TlbDuty.BREAK_BEFORE_MAKE : good.tlbRules().duty(o, n, l);
            },
            "expected no break-before-make, found TlbDuty",
            "FLUSH-12"));
  }

  private static List<Broken> batches() {
    return List.of(
        batch(
            "a batch of leaves all maps the first one's memory",
            new BatchOps() {
              @Override
              public void set(LeafTable table, int index, int nr, long raw) {
                for (int i = 0; i < nr; i++) {
                  table.set(index + i, raw);
                }
              }
            },
            "expected its neighbour as before",
            "FOLD-05",
            "MAP-02",
            "MAP-03",
            "MAP-05",
            "MAP-06",
            "MAP-11",
            "MAP-12",
            "MAP-32",
            "BATCH-03"),
        batch(
            "a batch stores one leaf too few",
            new BatchOps() {
              @Override
              public void set(LeafTable table, int index, int nr, long raw) {
                BatchOps.super.set(table, index, Math.max(1, nr - 1), raw);
              }
            },
            "expected its neighbour as before",
            "FOLD-05",
            "MAP-02",
            "MAP-03",
            "MAP-05",
            "MAP-06",
            "MAP-10",
            "MAP-11",
            "MAP-12",
            "MAP-32",
            "BATCH-03"),
        batch(
            "clearing an entry clears its neighbour too",
            new BatchOps() {
              @Override
              public long clear(LeafTable table, int index, int nr) {
                table.set(index ^ 1, table.format().empty(table.level()));
                return BatchOps.super.clear(table, index, nr);
              }
            },
            "expected after clear[3, 13), get of entry 2 present",
            "BATCH-03",
            "BATCH-04"),
        batch(
            "a leaf that is replaced loses its dirty bit",
            new BatchOps() {
              @Override
              public int replace(LeafTable table, int index, int nr, long old, long raw) {
                return BatchOps.super.replace(
                    table, index, nr, old, table.format().mkClean(raw, table.level()));
              }
            },
            "expected dirty",
            "MAP-07"),
        batch(
            "a leaf that is to be replaced stays",
            new BatchOps() {
              @Override
              public int replace(LeafTable table, int index, int nr, long old, long raw) {
                return nr;
              }
            },
            "expected rights for r--p",
            "MAP-02",
            "MAP-03",
            "MAP-04",
            "MAP-06",
            "MAP-08",
            "MAP-11",
            "FLUSH-22"));
  }
}

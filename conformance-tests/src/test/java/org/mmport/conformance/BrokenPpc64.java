package org.mmport.conformance;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/** Ports of ppc64 with radix trees and one thing wrong, and the clauses that must say so. */
final class BrokenPpc64 {
  private static final long PTE = 1L << 62;
  private static final long C = 1L << 7;

  private BrokenPpc64() {}

  static List<Broken> all() {
    return List.of(
        Breaker.format(
            "leaves lack _PAGE_PTE",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    return in.mkLeaf(physAddr, pgprot, level) & ~PTE;
                  }
                },
            "expected a leaf for r--p",
            "FMT-21",
            "FMT-25",
            "FMT-29",
            "FMT-35",
            "FMT-40",
            "FMT-43",
            "FMT-45",
            "FMT-54",
            "FMT-66",
            "FLUSH-01",
            "FLUSH-02",
            "FLUSH-03",
            "FLUSH-07"),
        Breaker.format(
            "swap entries lack _PAGE_PTE",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkSwap(int type, long offset, Level level) {
                    return in.mkSwap(type, offset, level) & ~PTE;
                  }
                },
            "expected a swap entry",
            "FMT-71"),
        Breaker.format(
            "NLS of the last level is that of 4 KiB pages",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkTable(long physAddr, Level level, TableOwner owner) {
                    long raw = in.mkTable(physAddr, level, owner);
                    return level == Level.PMD ? (raw & ~31L) | 9 : raw;
                  }
                },
            "expected reserved bits 0x0000000000000000",
            "FMT-61"),
        Breaker.format(
            "R and C written late make an entry something",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean none(long raw, Level level) {
                    return raw == 0;
                  }
                },
            "expected none=true",
            "FMT-80"),
        Breaker.format(
            "EAA0 means user",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(in.leaf(raw, level) ? raw ^ 8 : raw, level);
                  }
                },
            "expected rights ---r-- for r--p",
            "FMT-23",
            "FMT-24",
            "FMT-27",
            "FMT-83"),
        Breaker.format(
            "execute-only is taken for nothing",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean valid(long raw, Level level) {
                    return in.valid(raw, level) && (!in.leaf(raw, level) || (raw & 6) != 0);
                  }
                },
            "expected valid=false",
            "FMT-13",
            "FMT-21",
            "FMT-34",
            "FMT-80"),
        Breaker.format(
            "tables of 256 bytes are taken to fill 4 KiB",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long tableAddr(long raw, Level level) {
                    return in.tableAddr(raw, level) & -4096L;
                  }
                },
            "expected table address 0x001fffffffffff00",
            "FMT-60",
            "FMT-81"),
        Breaker.format(
            "a clean page gets C",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    return in.pgprot(protection) | C;
                  }
                },
            "expected clean for ---p",
            "FMT-15"),
        Breaker.geometry(
            "the root has half its entries",
            "ppc64/radix-64k",
            BrokenPpc64::rootHalved,
            "expected PGD with shift 39, 8192 entries, 65536 bytes, no leaves",
            "GEO-15"),
        Breaker.geometry(
            "entries are little-endian",
            "ppc64/radix-64k",
            BrokenPpc64::littleEndian,
            "expected entry",
            "GEO-15"));
  }

  private static PagingGeometry rootHalved(PagingGeometry g) {
    List<LevelGeometry> levels = new ArrayList<>(g.levels());
    levels.set(0, LevelGeometry.of(Level.PGD, 12, 8, false));
    return new PagingGeometry(
        g.pageShift(),
        new VaLayout(
            List.of(
                new VaRegion("user", 0, (1L << 51) - 1, 0),
                new VaRegion("kernel", 0xcL << 60, (0xcL << 60) + (1L << 51) - 1, 1))),
        g.paBits(),
        g.byteOrder(),
        8,
        8,
        levels);
  }

  private static PagingGeometry littleEndian(PagingGeometry g) {
    return new PagingGeometry(
        g.pageShift(), g.vaLayout(), g.paBits(), ByteOrder.LITTLE_ENDIAN, 8, 8, g.levels());
  }
}

package org.mmport.conformance;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MemoryView;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Registers;
import org.mmport.spi.Rights;
import org.mmport.spi.SegmentMap;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/** Ports of ppc64 with one thing wrong, and the clauses that must say so. */
final class BrokenPpc64 {
  private static final long PTE = 1L << 62;
  private static final long C = 1L << 7;

  private BrokenPpc64() {}

  /** An MMU that does what another does; broken ones override one method. */
  private static class FilterHashMmu implements HashMmu {
    final HashMmu in;

    FilterHashMmu(HashMmu in) {
      this.in = in;
    }

    @Override
    public int groupEntries() {
      return in.groupEntries();
    }

    @Override
    public ByteOrder byteOrder() {
      return in.byteOrder();
    }

    @Override
    public Optional<Table> locate(Registers registers, MemoryView memory) {
      return in.locate(registers, memory);
    }

    @Override
    public HashSegment segment(long context, long va) {
      return in.segment(context, va);
    }

    @Override
    public Optional<HashSegment> slbSegment(long esidWord, long vsidWord) {
      return in.slbSegment(esidWord, vsidWord);
    }

    @Override
    public long hash(HashSegment segment, long va, int which) {
      return in.hash(segment, va, which);
    }

    @Override
    public boolean valid(HashEntry entry) {
      return in.valid(entry);
    }

    @Override
    public int which(HashEntry entry) {
      return in.which(entry);
    }

    @Override
    public boolean matches(HashEntry entry, HashSegment segment, long va, int which) {
      return in.matches(entry, segment, va, which);
    }

    @Override
    public OptionalLong va(HashEntry entry, HashSegment segment, long group, long groups) {
      return in.va(entry, segment, group, groups);
    }

    @Override
    public boolean young(HashEntry entry) {
      return in.young(entry);
    }

    @Override
    public boolean dirty(HashEntry entry) {
      return in.dirty(entry);
    }

    @Override
    public int shift(HashEntry entry, HashSegment segment) {
      return in.shift(entry, segment);
    }

    @Override
    public long physAddr(HashEntry entry, int shift) {
      return in.physAddr(entry, shift);
    }

    @Override
    public int rights(HashEntry entry, HashSegment segment) {
      return in.rights(entry, segment);
    }

    @Override
    public HashEntry encode(
        HashSegment segment, long va, long raw, Level level, int shift, int which) {
      return in.encode(segment, va, raw, level, shift, which);
    }

    @Override
    public HashEntry withProtection(HashEntry entry, HashEntry other) {
      return in.withProtection(entry, other);
    }

    @Override
    public OptionalInt slot(long raw, long slotWord) {
      return in.slot(raw, slotWord);
    }

    @Override
    public long withSlot(long raw, int slot) {
      return in.withSlot(raw, slot);
    }

    @Override
    public long withoutSlot(long raw) {
      return in.withoutSlot(raw);
    }

    @Override
    public long slotWord(int slot) {
      return in.slotWord(slot);
    }

    @Override
    public int slotWordBytes() {
      return in.slotWordBytes();
    }
  }

  private static MmuVariant good(String id) {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static Broken format(
      String name, String id, UnaryOperator<PteFormat> breaker, String message, String... clauses) {
    MmuVariant good = good(id);
    MmuVariant broken = good.withFormat(breaker.apply(good.format()));
    return new Broken(id + ": " + name, broken, List.of(clauses), message);
  }

  private static Broken geometry(
      String name, String id, PagingGeometry shape, String message, String... clauses) {
    MmuVariant broken = good(id).withGeometry(shape);
    return new Broken(id + ": " + name, broken, List.of(clauses), message);
  }

  private static Broken hash(
      String name, String id, UnaryOperator<HashMmu> breaker, String message, String... clauses) {
    MmuVariant good = good(id);
    HashMmu mmu = breaker.apply(good.segmentMap().hashMmu().orElseThrow());
    SegmentMap map =
        new SegmentMap() {
          @Override
          public int segmentShift() {
            return good.segmentMap().segmentShift();
          }

          @Override
          public long segment(long context, long va) {
            HashSegment segment = mmu.segment(context, va);
            return segment.vsid() | (segment.shift() == 40 ? 1L << 62 : 0);
          }

          @Override
          public Optional<HashMmu> hashMmu() {
            return Optional.of(mmu);
          }
        };
    MmuVariant broken =
        new MmuVariant(
            id,
            good.geometry(),
            good.features(),
            good.format(),
            good.tlbRules(),
            good.batchOps(),
            map,
            good.rootFinder());
    return new Broken(id + ": " + name, broken, List.of(clauses), message);
  }

  static List<Broken> all() {
    return List.of(
        format(
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
        format(
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
        format(
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
        format(
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
        format(
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
        format(
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
        format(
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
        format(
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
        geometry(
            "the root has half its entries",
            "ppc64/radix-64k",
            rootHalved(),
            "expected PGD with shift 39, 8192 entries, 65536 bytes, no leaves",
            "GEO-15"),
        geometry(
            "entries are little-endian",
            "ppc64/radix-64k",
            littleEndian(),
            "expected entry",
            "GEO-15"),
        format(
            "HASHPTE is not ignored by none",
            "ppc64/hash-4k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean none(long raw, Level level) {
                    return (raw & ~(1L << 60)) == 0 ? raw == 0 : in.none(raw, level);
                  }
                },
            "expected none=true",
            "FMT-80",
            "HASH-05"),
        format(
            "HASHPTE is not ignored by none",
            "ppc64/hash-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean none(long raw, Level level) {
                    return raw == 0;
                  }
                },
            "expected none=true",
            "FMT-80",
            "HASH-05"),
        format(
            "COMBO is taken for an address bit",
            "ppc64/hash-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(raw, level) | (level == Level.PTE ? raw & 0x1000 : 0);
                  }
                },
            "expected address 0x0000000012340000",
            "FMT-81"),
        hash(
            "VSIDs of another context",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashSegment segment(long context, long va) {
                    return in.segment(context ^ 1, va);
                  }
                },
            "expected VSID 0xf2b1f51e0",
            "SEG-02"),
        hash(
            "contexts share VSIDs",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashSegment segment(long context, long va) {
                    return in.segment(1000, va);
                  }
                },
            "expected a key of its own",
            "SEG-01",
            "SEG-02"),
        hash(
            "C is set on a clean page",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry encode(
                      HashSegment segment, long va, long raw, Level level, int shift, int which) {
                    HashEntry e = in.encode(segment, va, raw, level, shift, which);
                    return new HashEntry(e.tag(), e.data() | C);
                  }
                },
            "expected R without C",
            "HASH-02",
            "HASH-03"),
        hash(
            "a clean page is hashed writable",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry encode(
                      HashSegment segment, long va, long raw, Level level, int shift, int which) {
                    HashEntry e = in.encode(segment, va, raw | C, level, shift, which);
                    return new HashEntry(e.tag(), (e.data() & ~C) | (raw & C));
                  }
                },
            "expected read-only",
            "HASH-02",
            "HASH-03"),
        hash(
            "the secondary hash is not the complement",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public long hash(HashSegment segment, long va, int which) {
                    return in.hash(segment, va, 0) + which;
                  }
                },
            "expected group 0x00000000000004a3",
            "HASH-03",
            "HASH-04"),
        hash(
            "AVPN is one bit too high",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry encode(
                      HashSegment segment, long va, long raw, Level level, int shift, int which) {
                    HashEntry e = in.encode(segment, va, raw, level, shift, which);
                    return new HashEntry((e.tag() & 127) | (e.tag() & -128L) << 1, e.data());
                  }
                },
            "expected found",
            "HASH-01",
            "HASH-03",
            "HASH-04",
            "HASH-06"),
        hash(
            "LP of 64 KiB in segments of 4 KiB is used",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry encode(
                      HashSegment segment, long va, long raw, Level level, int shift, int which) {
                    HashEntry e = in.encode(segment, va, raw, level, shift, which);
                    return new HashEntry(e.tag(), e.data() | 7 << 12);
                  }
                },
            "expected found",
            "HASH-01",
            "HASH-03",
            "HASH-04",
            "HASH-06"),
        hash(
            "the valid bit alone matches",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public boolean matches(HashEntry entry, HashSegment segment, long va, int which) {
                    return in.valid(entry) && in.which(entry) == which;
                  }
                },
            "expected not found by another VSID",
            "HASH-06"),
        hash(
            "a slot of the secondary group is noted as of the primary",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public long withSlot(long raw, int slot) {
                    return in.withSlot(raw, slot & 7);
                  }
                },
            "expected slot 8",
            "HASH-05"),
        hash(
            "slot words start with 0",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public long slotWord(int slot) {
                    return slot;
                  }
                },
            "expected slot 0",
            "HASH-05"),
        hash(
            "write rights are lost",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public int rights(HashEntry entry, HashSegment segment) {
                    return in.rights(entry, segment) & ~Rights.WRITE;
                  }
                },
            "expected its write right",
            "HASH-01",
            "HASH-02"));
  }

  private static PagingGeometry rootHalved() {
    PagingGeometry g = good("ppc64/radix-64k").geometry();
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

  private static PagingGeometry littleEndian() {
    PagingGeometry g = good("ppc64/radix-64k").geometry();
    return new PagingGeometry(
        g.pageShift(), g.vaLayout(), g.paBits(), ByteOrder.LITTLE_ENDIAN, 8, 8, g.levels());
  }
}

package org.mmport.conformance;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.SegmentMap;
import org.mmport.spi.TableOwner;

/** Ports of the trees of 2006 with one thing wrong, and the clauses that must say so. */
final class BrokenPpc64Of2006 {
  private static final String PAGES_4K = "ppc64/hash-4k-2006";
  private static final String PAGES_64K = "ppc64/hash-64k-2006";

  private BrokenPpc64Of2006() {}

  static List<Broken> all() {
    return List.of(
        Breaker.format(
            "directories hold physical addresses",
            PAGES_4K,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkTable(long physAddr, Level level, TableOwner owner) {
                    return physAddr;
                  }
                },
            "expected valid and present",
            "FMT-61",
            "FMT-62",
            "FLUSH-04",
            "FLUSH-05"),
        Breaker.format(
            "any directory entry is followed",
            PAGES_64K,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return 0;
                  }
                },
            "expected 0 reported",
            "FMT-65"),
        Breaker.format(
            "page numbers start at bit 12",
            PAGES_4K,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    return physAddr | pgprot;
                  }

                  @Override
                  public long physAddr(long raw, Level level) {
                    return raw & -4096L;
                  }

                  @Override
                  public long withPhysAddr(long raw, long physAddr, Level level) {
                    return (raw & 4095) | physAddr;
                  }
                },
            "expected address 0x0000000012345000",
            "FMT-81",
            "FMT-82",
            "FLUSH-03",
            "HASH-01",
            "HASH-05",
            "HASH-12"),
        Breaker.format(
            "page numbers of 4 KiB are taken for such of 64 KiB",
            PAGES_64K,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return raw >>> 30 << 16;
                  }
                },
            "expected address 0x0000000012345000",
            "FMT-81"),
        Breaker.format(
            "PROT_NONE is what is not the user's",
            PAGES_4K,
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean protnone(long raw, Level level) {
                    return level == Level.PTE && (raw & 3) == 1;
                  }
                },
            "expected not PROT_NONE",
            "FMT-41",
            "FMT-80"),
        BrokenPpc64Hash.hash(
            "GROUP_IX is one bit too high",
            PAGES_4K,
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public OptionalInt slot(long raw, long slotWord) {
                    return in.slot(raw >>> 1 | (raw & 0x400), slotWord);
                  }

                  @Override
                  public long withSlot(long raw, int slot) {
                    return withoutSlot(raw) | 0x400 | (long) slot << 13;
                  }

                  @Override
                  public long withoutSlot(long raw) {
                    return raw & ~0x1e400L;
                  }
                },
            "expected none",
            "HASH-05",
            "HASH-09"),
        BrokenPpc64Hash.hash(
            "the slot of a whole page is in the word behind",
            PAGES_64K,
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public OptionalInt slot(long raw, long slotWord) {
                    return in.slot((raw & ~0xf000L) | slotWord << 12, slotWord);
                  }

                  @Override
                  public long withSlot(long raw, int slot) {
                    return in.withSlot(raw, 0);
                  }

                  @Override
                  public int slotWordBytes(Level level) {
                    return 32768;
                  }

                  @Override
                  public long slotWord(int slot) {
                    return slot;
                  }
                },
            "expected slot 11",
            "HASH-09"),
        BrokenPpc64Hash.hash(
            "VSIDs are multiplied as today",
            PAGES_64K,
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashSegment segment(long context, long va) {
                    HashSegment s = in.segment(context, va);
                    long proto = va < 0 ? va >>> 28 : context << 16 | va >>> 28;
                    long vsid = Long.remainderUnsigned(proto * 12538073, (1L << 36) - 1);
                    return new HashSegment(s.firstVa(), 28, vsid, s.pageShift(), s.flags());
                  }
                },
            "expected VSID 0xbef1fee54",
            "SEG-02"),
        BrokenPpc64Hash.hash(
            "C is left out where the leaf is clean",
            PAGES_4K,
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry encode(
                      HashSegment segment, long va, long raw, Level level, int shift, int which) {
                    HashEntry e = in.encode(segment, va, raw, level, shift, which);
                    return new HashEntry(e.tag(), (e.data() & ~0x80L) | (raw & 0x80));
                  }
                },
            "expected data 0x0000000012345197",
            "HASH-03"),
        Breaker.broken(
            "segments are taken to be as small as a table of the last level",
            PAGES_4K,
            good -> BrokenPpc64Hash.withSegments(good, smallSegments(good.segmentMap())),
            "expected segmentShift 21 of the smallest",
            "SEG-01"));
  }

  /** What would let tables of the last level be shared. */
  private static SegmentMap smallSegments(SegmentMap in) {
    return new SegmentMap() {
      @Override
      public int segmentShift() {
        return 21;
      }

      @Override
      public long segment(long context, long va) {
        return in.segment(context, va);
      }

      @Override
      public Optional<HashMmu> hashMmu() {
        return in.hashMmu();
      }
    };
  }
}

package org.mmport.conformance;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.HashSegments;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Rights;
import org.mmport.spi.SegmentMap;
import org.mmport.spi.TlbDuty;

/** Ports of ppc64 with hash tables and one thing wrong, and the clauses that must say so. */
final class BrokenPpc64Hash {
  private static final long C = 1L << 7;

  private BrokenPpc64Hash() {}

  static Broken hash(
      String name,
      String variant,
      UnaryOperator<HashMmu> change,
      String message,
      String... clauses) {
    return Breaker.broken(
        name,
        variant,
        good -> {
          HashMmu mmu = change.apply(good.segmentMap().hashMmu().orElseThrow());
          return withSegments(good, new HashSegments(mmu, good.segmentMap().segmentShift()));
        },
        message,
        clauses);
  }

  static MmuVariant withSegments(MmuVariant good, SegmentMap map) {
    return new MmuVariant(
        good.id(),
        good.geometry(),
        good.features(),
        good.format(),
        good.tlbRules(),
        good.batchOps(),
        map,
        good.rootFinder());
  }

  static List<Broken> all() {
    return List.of(
        Breaker.rules(
            "tables are taken to be cached",
            "ppc64/hash-64k",
            in ->
                (oldRaw, newRaw, level) -> {
                  TlbDuty duty = in.duty(oldRaw, newRaw, level);
                  return level == Level.PTE || duty.isNone() ? duty : TlbDuty.FLUSH_WALK_CACHES;
                },
            "expected no flush of WALK_CACHES",
            "FLUSH-17"),
        Breaker.rules(
            "what was hashed through a table stays when it goes",
            "ppc64/hash-4k",
            in ->
                (oldRaw, newRaw, level) ->
                    level == Level.PTE ? in.duty(oldRaw, newRaw, level) : TlbDuty.NONE,
            "expected a flush of LEAF for a table unhooked",
            "FLUSH-04",
            "FLUSH-05"),
        Breaker.format(
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
        Breaker.format(
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
        Breaker.format(
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
            "expected data 0x",
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
            "HASH-03",
            "HASH-10"),
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
            "HASH-06",
            "HASH-12"),
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
            "HASH-05",
            "HASH-09",
            "HASH-12"),
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
            "HASH-05",
            "HASH-09",
            "HASH-12"),
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
            "HASH-02",
            "HASH-08",
            "HASH-10"),
        hash(
            "PP has two bits",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public int rights(HashEntry entry, HashSegment segment) {
                    return in.rights(new HashEntry(entry.tag(), entry.data() & -1L >>> 1), segment);
                  }
                },
            "expected no right for the user",
            "HASH-01",
            "HASH-08",
            "HASH-10"),
        hash(
            "code is fetched from guarded pages",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public int rights(HashEntry entry, HashSegment segment) {
                    return in.rights(new HashEntry(entry.tag(), entry.data() & ~8L), segment);
                  }
                },
            "expected rights rw-rw-",
            "HASH-08"),
        hash(
            "slots are noted one bit too high",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public OptionalInt slot(long raw, long slotWord) {
                    return in.slot(raw, slotWord >>> 1);
                  }

                  @Override
                  public long slotWord(int slot) {
                    return in.slotWord(slot) << 1;
                  }
                },
            "expected slot 0",
            "HASH-09"),
        hash(
            "rights stay when they change",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry withProtection(HashEntry entry, HashEntry other) {
                    return entry;
                  }
                },
            "expected the first write to",
            "HASH-10"),
        hash(
            "the frame goes when rights change",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry withProtection(HashEntry entry, HashEntry other) {
                    HashEntry now = in.withProtection(entry, other);
                    return new HashEntry(now.tag(), now.data() & ~0xffff0000L);
                  }
                },
            "expected frame",
            "HASH-10"),
        hash(
            "a new place is added to the old one",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public long withSlot(long raw, int slot) {
                    return raw | in.withSlot(raw, slot);
                  }
                },
            "expected slot",
            "HASH-11"),
        hash(
            "what was noted stays in a new leaf",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public long withoutSlot(long raw) {
                    return raw;
                  }
                },
            "expected the leaf",
            "HASH-05",
            "HASH-12"),
        hash(
            "an entry of another segment's page is taken for one's own",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public boolean matches(HashEntry entry, HashSegment segment, long va, int which) {
                    long vsid =
                        (segment.vsid() & (1L << 20) - 1) | (entry.tag() >>> 12 & -1L << 20);
                    HashSegment taken =
                        new HashSegment(
                            segment.firstVa(),
                            segment.shift(),
                            segment.shift() == 28 ? vsid : segment.vsid(),
                            segment.pageShift(),
                            segment.flags());
                    return in.matches(entry, taken, va, which);
                  }
                },
            "expected not found by another VSID",
            "HASH-06",
            "HASH-12"));
  }
}

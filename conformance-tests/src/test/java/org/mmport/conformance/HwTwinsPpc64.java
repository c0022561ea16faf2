package org.mmport.conformance;

import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.function.UnaryOperator;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/** Ports of ppc64 with one thing wrong, which QEMU must notice. */
final class HwTwinsPpc64 {
  private static final long R = 1L << 8;
  private static final long C = 1L << 7;
  private static final long ATT = 3L << 4;
  private static final long PRIVILEGED = 8;
  private static final long NLS = 31;

  private HwTwinsPpc64() {}

  static List<Broken> all() {
    return java.util.stream.Stream.of(trees(), treesOfHashTables(), tables())
        .flatMap(List::stream)
        .toList();
  }

  private static List<Broken> trees() {
    return List.of(
        Breaker.geometry(
            "tables at PUD have 10 bits, those at PMD 8",
            "ppc64/radix-4k",
            HwTwinsPpc64::shifted,
            "expected ",
            "HW-01"),
        Breaker.format(
            "leaves of 2M are taken for 4M",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(raw, level) & (level == Level.PMD ? -1L << 22 : -1L);
                  }
                },
            "expected 0x",
            "HW-01"),
        Breaker.format(
            "any size of the next table is accepted",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return (raw & 1L << 62) == 0 ? 0 : in.reserved(raw, level);
                  }
                },
            "found a fault",
            "HW-01"),
        leaves("EAA is read the wrong way round", "ppc64/radix-4k", raw -> raw ^ 7),
        leaves("reading and executing are swapped", "ppc64/radix-64k", raw -> swapped(raw, 0, 2)),
        leaves("privileged is not regarded", "ppc64/radix-64k", raw -> raw & ~PRIVILEGED),
        leaves("non-idempotent I/O is executed", "ppc64/radix-4k", raw -> raw & ~ATT),
        Breaker.format(
            "writing does not include reading",
            "ppc64/radix-4k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    boolean leaf = in.leaf(raw, level);
                    return leaf && (raw & 4) == 0
                        ? in.rights(raw, level) & ~Rights.READ
                        : in.rights(raw, level);
                  }
                },
            "read: interrupt 0x300",
            "HW-03"),
        marks("R and C are swapped", "ppc64/radix-4k", raw -> swapped(raw, 7, 8)),
        marks("C is read a bit too low", "ppc64/radix-64k", raw -> (raw & ~C) | (raw << 1 & C)),
        Breaker.rules(
            "nothing is ever flushed",
            "ppc64/radix-4k",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-05"),
        Breaker.rules(
            "tables are changed without a flush",
            "ppc64/radix-64k",
            in ->
                (o, n, l) -> {
                  boolean table = (o & 1L << 62) == 0;
                  return table ? TlbDuty.NONE : in.duty(o, n, l);
                },
            "expected ",
            "HW-05"),
        Breaker.rules(
            "nothing is ever flushed, by the core",
            "ppc64/radix-64k",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-06"),
        Breaker.format(
            "kernel pages are not privileged",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    return in.pgprot(protection) & ~PRIVILEGED;
                  }
                },
            "after ",
            "HW-06"),
        Breaker.format(
            "tables of the last level are said to have 9 bits",
            "ppc64/radix-64k",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkTable(long physAddr, Level level, TableOwner owner) {
                    long raw = in.mkTable(physAddr, level, owner);
                    return level == Level.PMD ? (raw & ~NLS) | 9 : raw;
                  }

                  @Override
                  public long reserved(long raw, Level level) {
                    return in.reserved(level == Level.PMD ? (raw & ~NLS) | 5 : raw, level);
                  }
                },
            "expected ",
            "HW-06"));
  }

  private static List<Broken> treesOfHashTables() {
    return List.of(
        Breaker.rules(
            "nothing is ever flushed",
            "ppc64/hash-4k",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-05"),
        Breaker.rules(
            "clean pages stay writable in the hash table",
            "ppc64/hash-64k",
            in -> (o, n, l) -> ((o ^ n) & ~(R | C)) == 0 ? TlbDuty.NONE : in.duty(o, n, l),
            "expected ",
            "HW-05"),
        Breaker.rules(
            "nothing is ever flushed, by the core",
            "ppc64/hash-64k-2006",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-06"));
  }

  private static List<Broken> tables() {
    return List.of(
        table(
            "the secondary hash is not the complement",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public long hash(HashSegment segment, long va, int which) {
                    return in.hash(segment, va, 0) ^ which;
                  }
                },
            "expected ",
            "HW-01"),
        table(
            "the hash of large segments leaves out their number",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public long hash(HashSegment segment, long va, int which) {
                    long more = segment.shift() == 40 ? segment.vsid() : 0;
                    return in.hash(segment, va, which) ^ (more & (1L << 39) - 1);
                  }
                },
            "expected ",
            "HW-01"),
        matching("the page number's first bit is not compared", "ppc64/hash-4k-2006", 1L << 7),
        matching("the page number's high bits are not compared", "ppc64/hash-4k", 0x3ffL << 52),
        matching("which hash it was is not compared", "ppc64/hash-64k", 2),
        table(
            "entries are encoded for the next segment's number",
            "ppc64/hash-64k-2006",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry encode(
                      HashSegment segment, long va, long raw, Level level, int shift, int which) {
                    return in.encode(next(segment), va, raw, level, shift, which);
                  }

                  @Override
                  public boolean matches(HashEntry entry, HashSegment segment, long va, int which) {
                    return in.matches(entry, next(segment), va, which);
                  }
                },
            "expected ",
            "HW-01"),
        table(
            "pages of 16M are taken for 64K",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public int shift(HashEntry entry, HashSegment segment) {
                    return Math.min(16, in.shift(entry, segment));
                  }
                },
            "expected 0x",
            "HW-01"),
        rights("PP0 is not regarded", "ppc64/hash-4k", data -> data & Long.MAX_VALUE),
        rights("PP is read the wrong way round", "ppc64/hash-64k-2006", data -> data ^ 3),
        rights("N is not regarded", "ppc64/hash-64k", data -> data & ~4L),
        rights("G is not regarded", "ppc64/hash-4k-2006", data -> data & ~8L),
        table(
            "Ks and Kp are swapped",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public int rights(HashEntry entry, HashSegment segment) {
                    int rights = in.rights(entry, segment);
                    return (rights & 7) << 3 | rights >> 3;
                  }
                },
            "expected ",
            "HW-03"),
        table(
            "R and C are swapped",
            "ppc64/hash-64k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public boolean young(HashEntry entry) {
                    return in.dirty(entry);
                  }

                  @Override
                  public boolean dirty(HashEntry entry) {
                    return in.young(entry);
                  }
                },
            "expected young",
            "HW-04"),
        table(
            "clean pages are hashed writable",
            "ppc64/hash-4k",
            in ->
                new FilterHashMmu(in) {
                  @Override
                  public HashEntry encode(
                      HashSegment segment, long va, long raw, Level level, int shift, int which) {
                    long dirty = (raw & 2) != 0 ? raw | C : raw;
                    return in.encode(segment, va, dirty, level, shift, which);
                  }
                },
            "dirty if written",
            "HW-06"));
  }

  private static Broken leaves(String name, String variant, LongUnaryOperator raw) {
    return Breaker.format(
        name,
        variant,
        in ->
            new FilterFormat(in) {
              @Override
              public int rights(long entry, Level level) {
                return in.rights(in.leaf(entry, level) ? raw.applyAsLong(entry) : entry, level);
              }
            },
        "expected ",
        "HW-03");
  }

  private static Broken marks(String name, String variant, LongUnaryOperator raw) {
    return Breaker.format(
        name,
        variant,
        in ->
            new FilterFormat(in) {
              @Override
              public boolean young(long entry, Level level) {
                return in.young(raw.applyAsLong(entry), level);
              }

              @Override
              public boolean dirty(long entry, Level level) {
                return in.dirty(raw.applyAsLong(entry), level);
              }
            },
        "after a",
        "HW-04");
  }

  private static Broken table(
      String name, String variant, UnaryOperator<HashMmu> change, String message, String clause) {
    return BrokenPpc64Hash.hash(name, variant, change, message, clause);
  }

  private static Broken matching(String name, String variant, long ignored) {
    return table(
        name,
        variant,
        in ->
            new FilterHashMmu(in) {
              @Override
              public boolean matches(HashEntry entry, HashSegment segment, long va, int which) {
                HashEntry right = in.encode(segment, va, 0, Level.PTE, segment.pageShift(), which);
                long tag = (entry.tag() & ~ignored) | (right.tag() & ignored);
                return in.matches(new HashEntry(tag, entry.data()), segment, va, which);
              }
            },
        "found a fault",
        "HW-01");
  }

  private static Broken rights(String name, String variant, LongUnaryOperator data) {
    return table(
        name,
        variant,
        in ->
            new FilterHashMmu(in) {
              @Override
              public int rights(HashEntry entry, HashSegment segment) {
                HashEntry read = new HashEntry(entry.tag(), data.applyAsLong(entry.data()));
                return in.rights(read, segment);
              }
            },
        "expected ",
        "HW-03");
  }

  private static HashSegment next(HashSegment segment) {
    return new HashSegment(
        segment.firstVa(),
        segment.shift(),
        segment.vsid() + 1,
        segment.pageShift(),
        segment.flags());
  }

  private static PagingGeometry shifted(PagingGeometry right) {
    return new PagingGeometry(
        right.pageShift(),
        right.vaLayout(),
        right.paBits(),
        right.byteOrder(),
        right.entryBytes(),
        8,
        PagingGeometry.levels(
            LevelGeometry.of(Level.PGD, 13, 8, false),
            LevelGeometry.of(Level.PUD, 10, 8, true),
            LevelGeometry.of(Level.PMD, 8, 8, true),
            LevelGeometry.of(Level.PTE, 9, 8, true)));
  }

  private static long swapped(long raw, int one, int other) {
    long differ = (raw >>> one ^ raw >>> other) & 1;
    return raw ^ (differ << one | differ << other);
  }
}

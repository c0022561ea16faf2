package org.mmport.conformance;

import java.util.List;
import java.util.function.LongUnaryOperator;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/** Ports of arm64 with one thing wrong, which QEMU must notice. */
final class HwTwinsArm64 {
  private static final long TABLE_TYPE = 1L << 1;
  private static final long RDONLY = 1L << 7;
  private static final long AF = 1L << 10;
  private static final long PXN = 1L << 53;
  private static final long UXN = 1L << 54;
  private static final long DIRTY = 1L << 55;
  private static final long PXN_TABLE = 1L << 59;
  private static final long UXN_TABLE = 1L << 60;
  private static final long APTABLE = 3L << 61;

  private HwTwinsArm64() {}

  static List<Broken> all() {
    return List.of(
        Breaker.format(
            "bits 51:50 of addresses are swapped",
            "arm64/4k-va52",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(swapped(raw, 8, 9), level);
                  }
                },
            "expected 0x",
            "HW-01"),
        Breaker.format(
            "bits 51:50 of addresses are not read",
            "arm64/16k-va52",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(raw & ~(3L << 8), level);
                  }
                },
            "expected 0x",
            "HW-01"),
        Breaker.format(
            "bits 51:48 of addresses are not read",
            "arm64/64k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(raw & ~(15L << 12), level);
                  }
                },
            "expected 0x",
            "HW-01"),
        Breaker.format(
            "blocks of 32M are taken for 64M",
            "arm64/16k-va47",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(raw, level) & (level == Level.PMD ? -1L << 26 : -1L);
                  }
                },
            "expected 0x",
            "HW-01"),
        Breaker.format(
            "entries of type block are used at the last level",
            "arm64/64k-va42",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean valid(long raw, Level level) {
                    return in.valid(level == Level.PTE ? raw | TABLE_TYPE : raw, level);
                  }
                },
            "found a fault",
            "HW-01"),
        leaves("AP2 is read the wrong way round", "arm64/4k-va48", raw -> raw ^ RDONLY),
        leaves("PXN and UXN are swapped", "arm64/16k-va36", raw -> swapped(raw, 53, 54)),
        leaves("PXN is not regarded", "arm64/4k-va39", raw -> raw & ~PXN),
        leaves("UXN is not regarded", "arm64/64k-va52", raw -> raw & ~UXN),
        leaves("clean pages cannot be written", "arm64/16k-va48", raw -> raw & ~(1L << 51)),
        leaves(
            "clean pages can be written, though software makes them dirty",
            "arm64/16k-va47-noafdbm",
            raw -> (raw & 1L << 51) != 0 ? raw & ~RDONLY : raw),
        Breaker.broken(
            "HW_ACCESSED declared where software sets AF",
            "arm64/64k-va48-noafdbm",
            good -> Breaker.flipped(good, MmuFeature.HW_ACCESSED),
            "expected young after an access: HW_ACCESSED present, found a fault",
            "HW-04"),
        Breaker.broken(
            "HW_DIRTY withheld where hardware clears AP2",
            "arm64/4k-va48",
            good -> Breaker.flipped(good, MmuFeature.HW_DIRTY),
            "expected no mark of hardware: HW_DIRTY absent, found 0x",
            "HW-04"),
        Breaker.rules(
            "write protection takes what software made dirty for clean",
            "arm64/4k-va48-noafdbm",
            in -> (o, n, l) -> o == n ? TlbDuty.NONE : in.duty(o | (n & RDONLY), n, l),
            "expected ",
            "HW-05"),
        tables("APTable is not regarded", "arm64/64k-va42", raw -> raw & ~APTABLE),
        tables("the two bits of APTable are swapped", "arm64/4k-va52", raw -> swapped(raw, 61, 62)),
        tables("PXNTable is not regarded", "arm64/16k-va52", raw -> raw & ~PXN_TABLE),
        tables("UXNTable is not regarded", "arm64/64k-va48", raw -> raw & ~UXN_TABLE),
        Breaker.format(
            "the kernel runs what user code may write",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int effectiveRights(int left) {
                    return left;
                  }
                },
            "kernel fetch: success",
            "HW-03"),
        Breaker.format(
            "leaves are never run by the kernel where user code may write",
            "arm64/16k-va47",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    int rights = in.rights(raw, level);
                    boolean leaf = in.leaf(raw, level);
                    return leaf ? in.effectiveRights(rights) : rights;
                  }
                },
            "kernel fetch: abort",
            "HW-03"),
        Breaker.format(
            "only software's bit makes a page dirty",
            "arm64/64k-va52",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean dirty(long raw, Level level) {
                    return (raw & DIRTY) != 0;
                  }
                },
            "expected dirty after a write, found clean",
            "HW-04"),
        Breaker.format(
            "the access flag is read where nG is",
            "arm64/4k-va39",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean young(long raw, Level level) {
                    return (raw & AF << 1) != 0;
                  }
                },
            "expected young after an access, found old",
            "HW-04"),
        Breaker.rules(
            "nothing is ever flushed",
            "arm64/16k-va48",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-05"),
        Breaker.rules(
            "rights are changed without a flush",
            "arm64/4k-va52",
            in ->
                (o, n, l) -> {
                  TlbDuty duty = in.duty(o, n, l);
                  boolean leaf = duty.scope() == FlushScope.LEAF && (n & 1) != 0;
                  return leaf ? TlbDuty.NONE : duty;
                },
            "expected ",
            "HW-05"),
        Breaker.rules(
            "nothing is ever flushed, by the core",
            "arm64/64k-va42",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-06"),
        Breaker.format(
            "pages are made of type block",
            "arm64/16k-va36",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    long raw = in.mkLeaf(physAddr, pgprot, level);
                    return level == Level.PTE ? raw & ~TABLE_TYPE : raw;
                  }

                  @Override
                  public boolean valid(long raw, Level level) {
                    return in.valid(level == Level.PTE ? raw | TABLE_TYPE : raw, level);
                  }
                },
            "expected ",
            "HW-06"),
        Breaker.format(
            "user code may run the kernel's pages",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    long own = protection.owner() == TableOwner.KERNEL ? UXN : 0;
                    return in.pgprot(protection) & ~own;
                  }
                },
            "user fetch after ",
            "HW-06"),
        Breaker.format(
            "tables of the kernel are made as those of users",
            "arm64/64k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkTable(long physAddr, Level level, TableOwner owner) {
                    return in.mkTable(physAddr, level, TableOwner.USER);
                  }
                },
            "fetch after ",
            "HW-06"));
  }

  private static Broken leaves(String name, String variant, LongUnaryOperator raw) {
    return Breaker.format(name, variant, in -> new Reader(in, raw, r -> r), "expected ", "HW-03");
  }

  private static Broken tables(String name, String variant, LongUnaryOperator raw) {
    return Breaker.format(name, variant, in -> new Reader(in, r -> r, raw), "expected ", "HW-03");
  }

  private static long swapped(long raw, int one, int other) {
    long differ = (raw >>> one ^ raw >>> other) & 1;
    return raw ^ (differ << one | differ << other);
  }

  /** Reads rights out of other bits than are there. */
  private static final class Reader extends FilterFormat {
    private final PteFormat right;
    private final LongUnaryOperator leaves;
    private final LongUnaryOperator tables;

    Reader(PteFormat right, LongUnaryOperator leaves, LongUnaryOperator tables) {
      super(right);
      this.right = right;
      this.leaves = leaves;
      this.tables = tables;
    }

    @Override
    public int rights(long raw, Level level) {
      LongUnaryOperator bits = right.leaf(raw, level) ? leaves : tables;
      return right.rights(bits.applyAsLong(raw), level);
    }
  }
}

package org.mmport.conformance;

import java.nio.ByteOrder;
import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Rights;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/** Ports of arm64 with one thing wrong, and the clauses that must say so. */
final class BrokenArm64 {
  private static final long VALID = 1;
  private static final long TABLE = 1L << 1;
  private static final long RDONLY = 1L << 7;
  private static final long AF = 1L << 10;
  private static final long NG = 1L << 11;
  private static final long WRITE = 1L << 51;
  private static final long DIRTY = 1L << 55;

  private BrokenArm64() {}

  static List<Broken> all() {
    return List.of(
        Breaker.format(
            "AP2 read the wrong way round",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(in.leaf(raw, level) ? raw ^ RDONLY : raw, level);
                  }
                },
            "expected no write right, found rw-rw-",
            "FMT-29",
            "FMT-83"),
        Breaker.format(
            "a page that is writable and clean cannot be written",
            "arm64/16k-va47",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(in.leaf(raw, level) ? raw & ~WRITE : raw, level);
                  }
                },
            "expected rights rw-rw-, found r--r--",
            "FMT-83",
            "FMT-88"),
        Breaker.broken(
            "HW_DIRTY withheld",
            "arm64/4k-va48",
            good -> Breaker.flipped(good, MmuFeature.HW_DIRTY),
            "expected rights r--r--, found rw-rw-",
            "FMT-83",
            "FMT-89",
            "FLUSH-16"),
        Breaker.format(
            "hardware's writes leave no mark",
            "arm64/64k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long written(long raw, Level level) {
                    return raw;
                  }
                },
            "expected dirty once written, found clean",
            "FMT-92"),
        Breaker.format(
            "PA bits 51:50 of LPA2 swapped",
            "arm64/4k-va52",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(swapped(raw), level);
                  }

                  @Override
                  public long withPhysAddr(long raw, long physAddr, Level level) {
                    return swapped(in.withPhysAddr(raw, physAddr, level));
                  }

                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    return swapped(in.mkLeaf(physAddr, pgprot, level));
                  }
                },
            "expected address 0x0004000000000000, found 0x0008000000000000",
            "FMT-81",
            "FMT-82"),
        Breaker.format(
            "bits 51:48 of an address four too low",
            "arm64/64k-va52",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long tableAddr(long raw, Level level) {
                    return (raw & 0xffff_ffff_0000L) | (raw & 0xf000) << 32;
                  }
                },
            "expected table address 0x000fffffffff0000, found 0x0000ffffffff0000",
            "FMT-60",
            "FMT-81"),
        Breaker.format(
            "APTable ignored",
            "arm64/4k-va39",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(in.leaf(raw, level) ? raw : raw & ~(3L << 61), level);
                  }
                },
            "expected rights rwx--x, found rwxrwx",
            "FMT-83",
            "WALK-04"),
        Breaker.format(
            "PXNTable and UXNTable swapped",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    int rights = in.rights(raw, level);
                    return in.leaf(raw, level)
                        ? rights
                        : (rights & ~Rights.EXEC)
                            | (rights & Rights.KERNEL_EXEC) << 3
                            | (rights & Rights.USER_EXEC) >> 3;
                  }
                },
            "expected rights rw-rwx, found rwxrw-",
            "FMT-63",
            "FMT-83"),
        Breaker.format(
            "EL1 executes what EL0 can write",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int effectiveRights(int left) {
                    return left;
                  }
                },
            "expected rights rw-rw-, found rwxrw-",
            "FMT-83"),
        Breaker.format(
            "AF taken for the right to write",
            "arm64/16k-va36",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean write(long raw, Level level) {
                    return (raw & AF) != 0;
                  }
                },
            "expected writable after mkWrite, found read-only",
            "FMT-05",
            "FMT-10",
            "FMT-84"),
        Breaker.format(
            "level 3 entries of type block are used",
            "arm64/64k-va42",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean valid(long raw, Level level) {
                    return (raw & VALID) != 0;
                  }
                },
            "expected valid=false, found true",
            "FMT-80"),
        Breaker.format(
            "mkClean leaves AP2 clear",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkClean(long raw, Level level) {
                    return raw & ~DIRTY;
                  }
                },
            "expected clean after mkClean, found dirty",
            "FMT-04",
            "FLUSH-07"),
        Breaker.format(
            "write protection forgets what hardware wrote",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long wrProtect(long raw, Level level) {
                    return (raw | RDONLY) & ~WRITE;
                  }
                },
            "expected still dirty after wrProtect, found clean",
            "FMT-87"),
        Breaker.format(
            "modify forgets what hardware wrote",
            "arm64/16k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long modify(long raw, long pgprot, Level level) {
                    boolean software = (raw & DIRTY) != 0;
                    return in.modify(software ? raw : raw | RDONLY, pgprot, level);
                  }
                },
            "expected still dirty after modify to r--p, found clean",
            "FMT-87"),
        Breaker.format(
            "an invalidated block is not present",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkInvalid(long raw, Level level) {
                    return raw & ~(VALID | NG);
                  }
                },
            "expected still a present leaf, found none, swap or table",
            "FMT-45"),
        Breaker.format(
            "nG read as global",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean global(long raw, Level level) {
                    return (raw & (VALID | NG)) == (VALID | NG);
                  }
                },
            "expected global=false for r--p, found true",
            "FMT-38",
            "FMT-84"),
        Breaker.format(
            "blocks have the type of a table",
            "arm64/16k-va52",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    return in.mkLeaf(physAddr, pgprot, level) | TABLE;
                  }
                },
            "expected a leaf for r--p, found a table",
            "FMT-21",
            "FMT-25",
            "FMT-29",
            "FMT-35",
            "FMT-40",
            "FMT-45",
            "FMT-54",
            "FMT-66",
            "FLUSH-07",
            "FLUSH-11"),
        Breaker.format(
            "splitting a block makes blocks of level 3",
            "arm64/4k-va48",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long splitLeaf(long raw, Level level, Level lower) {
                    return in.splitLeaf(raw, level, lower) & ~TABLE;
                  }
                },
            "expected ---p split from PUD 0x0060000000000f82, found 0x0060000000000f80",
            "FMT-55"),
        Breaker.rules(
            "blocks replaced by tables without break-before-make",
            "arm64/4k-va48",
            in ->
                (oldRaw, newRaw, level) -> {
                  TlbDuty duty = in.duty(oldRaw, newRaw, level);
                  return duty.breakBeforeMake() ? TlbDuty.FLUSH_WALK_CACHES : duty;
                },
            "expected break-before-make, found TlbDuty[scope=WALK_CACHES, breakBeforeMake=false, reloadRoot=false]",
            "FLUSH-11",
            "FLUSH-16"),
        Breaker.rules(
            "break-before-make for a change of rights",
            "arm64/64k-va48",
            in ->
                (oldRaw, newRaw, level) ->
                    in.duty(oldRaw, newRaw, level).isNone()
                        ? TlbDuty.NONE
                        : TlbDuty.BREAK_BEFORE_MAKE,
            "expected TlbDuty[scope=LEAF, breakBeforeMake=false, reloadRoot=false] for a page unmapped, now 0x0000000000000000, found TlbDuty[scope=WALK_CACHES, breakBeforeMake=true, reloadRoot=false]",
            "FLUSH-16"),
        Breaker.rules(
            "walk caches are flushed for the break of a leaf",
            "arm64/4k-va48",
            in ->
                (oldRaw, newRaw, level) -> {
                  TlbDuty duty = in.duty(oldRaw, newRaw, level);
                  return duty.breakBeforeMake() ? TlbDuty.BREAK_BEFORE_MAKE : duty;
                },
            "expected TlbDuty[scope=LEAF, breakBeforeMake=true, reloadRoot=false] for another frame",
            "FLUSH-16"),
        Breaker.rules(
            "lower rights are not flushed",
            "arm64/4k-va52",
            in ->
                (oldRaw, newRaw, level) ->
                    (oldRaw & newRaw & VALID) != 0 && ((oldRaw ^ newRaw) & ~(RDONLY | WRITE)) == 0
                        ? TlbDuty.NONE
                        : in.duty(oldRaw, newRaw, level),
            "expected a flush of LEAF for -w-s to r--p, now 0x00619d3500000cc1, found TlbDuty[scope=NONE, breakBeforeMake=false, reloadRoot=false]",
            "FLUSH-02"),
        Breaker.geometry(
            "the PMD one bit short",
            "arm64/16k-va47",
            in ->
                PagingGeometry.of(
                    14, in.vaLayout(), 48, in.byteOrder(), 8, "PGD:12 PMD:10+ PTE:11+"),
            "expected PGD with shift 36, 2048 entries, 16384 bytes, no leaves, found PGD with shift 35, 4096 entries, 32768 bytes, no leaves",
            "GEO-15",
            "FMT-60"),
        Breaker.geometry(
            "both halves through TTBR0",
            "arm64/4k-va48",
            in ->
                PagingGeometry.of(
                    12,
                    new VaLayout(
                        in.vaLayout().regions().stream()
                            .map(r -> new VaRegion(r.name(), r.firstVa(), r.lastVa(), 0))
                            .toList()),
                    48,
                    in.byteOrder(),
                    8,
                    "PGD:9 PUD:9+ PMD:9+ PTE:9+"),
            "expected paths of its own for low half, found high half",
            "GEO-04",
            "GEO-15",
            "FOLD-06",
            "WALK-02",
            "WALK-11",
            "WALK-25",
            "MAP-01",
            "MAP-02",
            "MAP-03",
            "MAP-04",
            "MAP-05",
            "MAP-06",
            "MAP-08",
            "MAP-09",
            "MAP-10",
            "MAP-11",
            "MAP-12",
            "MAP-15",
            "MAP-17",
            "MAP-32",
            "MAP-34",
            "FLUSH-22",
            "FLUSH-24",
            "FLUSH-29",
            "IMG-02",
            "IMG-04"),
        Breaker.geometry(
            "big-endian descriptors",
            "arm64/64k-va42",
            in ->
                PagingGeometry.of(
                    16, in.vaLayout(), 52, ByteOrder.BIG_ENDIAN, 8, "PGD:13+ PTE:13+"),
            "expected entry 8 8 52 LITTLE_ENDIAN, found entry 8 8 52 BIG_ENDIAN",
            "GEO-15"));
  }

  private static long swapped(long raw) {
    return (raw & ~0x300L) | (raw & 0x100) << 1 | (raw & 0x200) >> 1;
  }
}

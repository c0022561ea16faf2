package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.TlbDuty;

/** Ports of arm64 that are wrong about who keeps AF and the dirty state. */
final class BrokenArm64NoAfdbm {
  private static final long RDONLY = 1L << 7;
  private static final long AF = 1L << 10;
  private static final long WRITE = 1L << 51;
  private static final long DIRTY = 1L << 55;

  private BrokenArm64NoAfdbm() {}

  static List<Broken> all() {
    return List.of(
        Breaker.format(
            "DBM taken for the right to write",
            "arm64/4k-va48-noafdbm",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    boolean dbm = in.leaf(raw, level) && (raw & WRITE) != 0;
                    return in.rights(dbm ? raw & ~RDONLY : raw, level);
                  }
                },
            "PUD raw=0x0068000040000fc1: expected rights r--r--, found rw-rw-",
            "FMT-83",
            "FMT-89",
            "FLUSH-02"),
        Breaker.format(
            "an old leaf has no rights",
            "arm64/64k-va48-noafdbm",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    boolean old = in.leaf(raw, level) && (raw & AF) == 0;
                    return old ? 0 : in.rights(raw, level);
                  }
                },
            "PTE raw=0x00600000123408c3: expected rights r--r--, found ------",
            "FMT-83"),
        Breaker.format(
            "mkDirty leaves AP2 to hardware",
            "arm64/16k-va47-noafdbm",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkDirty(long raw, Level level) {
                    return raw | DIRTY;
                  }
                },
            "expected user write once dirty for -w-s, found r--r--",
            "FMT-27",
            "FMT-34"),
        Breaker.format(
            "mkWrite leaves AP2 to hardware",
            "arm64/4k-va48-noafdbm",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkWrite(long raw, Level level) {
                    return raw | WRITE;
                  }
                },
            "expected write for -w-p once dirty, found r--r--",
            "FMT-89"),
        Breaker.format(
            "modify leaves AP2 to hardware",
            "arm64/64k-va48-noafdbm",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long modify(long raw, long pgprot, Level level) {
                    return in.modify(raw, pgprot, level) | (pgprot & RDONLY);
                  }
                },
            "expected rights rw-rw- after ---p became -w-s, found r--r--",
            "FMT-34"),
        Breaker.broken(
            "HW_DIRTY declared",
            "arm64/4k-va48-noafdbm",
            good -> Breaker.flipped(good, MmuFeature.HW_DIRTY),
            "expected rights rw-rw-, found r--r--",
            "FMT-83",
            "FMT-88",
            "FLUSH-16"),
        Breaker.rules(
            "software's write bit is flushed",
            "arm64/16k-va47-noafdbm",
            in ->
                (oldRaw, newRaw, level) ->
                    (oldRaw & newRaw & 1) != 0 && (oldRaw ^ newRaw) == WRITE
                        ? TlbDuty.FLUSH_LEAF
                        : in.duty(oldRaw, newRaw, level),
            "for writing permitted, at the price of a fault, now 0x0068000012340cc3, found TlbDuty[scope=LEAF",
            "FLUSH-16"),
        Breaker.rules(
            "a page that software made dirty is not flushed",
            "arm64/4k-va48-noafdbm",
            in ->
                (oldRaw, newRaw, level) ->
                    (oldRaw & newRaw & 1) != 0
                            && (oldRaw & ~newRaw & RDONLY) != 0
                            && ((oldRaw ^ newRaw) & ~(RDONLY | WRITE | DIRTY)) == 0
                        ? TlbDuty.NONE
                        : in.duty(oldRaw, newRaw, level),
            "now 0x0068000012340c43, found TlbDuty[scope=NONE",
            "FLUSH-16"),
        Breaker.rules(
            "a dirty page is write-protected as if it were clean",
            "arm64/64k-va48-noafdbm",
            in ->
                (oldRaw, newRaw, level) ->
                    oldRaw == newRaw
                        ? TlbDuty.NONE
                        : in.duty(oldRaw | (newRaw & RDONLY), newRaw, level),
            "expected a flush of LEAF for -w-s to r--p",
            "FLUSH-02"));
  }
}

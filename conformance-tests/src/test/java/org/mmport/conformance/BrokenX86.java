package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/** Ports of 32-bit x86 with one thing wrong, and the clauses that must say so. */
final class BrokenX86 {
  private static final long SAVED_DIRTY = 1L << 10;
  private static final long A = 1L << 5;
  private static final long D = 1L << 6;
  private static final long PS = 1L << 7;

  private BrokenX86() {}

  static List<Broken> all() {
    return List.of(
        Breaker.format(
            "root entries as Linux makes other tables",
            "x86/pae",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkTable(long physAddr, Level level, TableOwner owner) {
                    return in.mkTable(physAddr, Level.PMD, owner);
                  }
                },
            "expected reserved bits 0x0000000000000000, found 0x0000000000000046",
            "FMT-61"),
        Breaker.format(
            "root entries take rights away",
            "x86/pae",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(raw, Level.PMD);
                  }
                },
            "expected rights rw-rwx, found r-x---",
            "FMT-63",
            "FMT-83"),
        Breaker.format(
            "bits above the address are ignored, as in long mode",
            "x86/pae",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return in.reserved(raw, level) & 0x000f_ffff_ffff_ffffL;
                  }
                },
            "expected 0 reported, found nothing reserved",
            "FMT-65"),
        Breaker.format(
            "a read-only dirty page keeps D",
            "x86/pae",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long wrProtect(long raw, Level level) {
                    long clean = in.wrProtect(raw, level);
                    return (clean & SAVED_DIRTY) != 0 ? (clean & ~SAVED_DIRTY) | D : clean;
                  }
                },
            "expected nothing in the other dirty bit, 0x0000000000000000, found 0x0000000000000040",
            "FMT-18"),
        Breaker.format(
            "hardware marks root entries, too",
            "x86/pae",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long touched(long raw, Level level) {
                    return raw | A;
                  }
                },
            "expected no mark in such a root",
            "FMT-93"),
        Breaker.rules(
            "a change of the root is flushed like any other",
            "x86/pae",
            in ->
                (oldRaw, newRaw, level) -> {
                  TlbDuty duty = in.duty(oldRaw, newRaw, level);
                  return duty.reloadRoot() ? TlbDuty.FLUSH_WALK_CACHES : duty;
                },
            "expected a reload when hooked, found none",
            "FLUSH-13",
            "FLUSH-16"),
        Breaker.rules(
            "the root is not reloaded where an entry was empty",
            "x86/pae",
            in ->
                (oldRaw, newRaw, level) ->
                    oldRaw == 0 && level == Level.PGD
                        ? TlbDuty.NONE
                        : in.duty(oldRaw, newRaw, level),
            "expected a reload when hooked, found none",
            "FLUSH-13",
            "FLUSH-16"),
        Breaker.geometry(
            "entries of 8 bytes are stored whole",
            "x86/pae",
            in ->
                new PagingGeometry(
                    in.pageShift(), in.vaLayout(), in.paBits(), in.byteOrder(), 8, 8, in.levels()),
            "expected entry 8 4 52 LITTLE_ENDIAN, found entry 8 8 52 LITTLE_ENDIAN",
            "GEO-15"),
        Breaker.geometry(
            "a root of a whole page",
            "x86/pae",
            in ->
                new PagingGeometry(
                    in.pageShift(),
                    in.vaLayout(),
                    in.paBits(),
                    in.byteOrder(),
                    8,
                    4,
                    PagingGeometry.levels(8, "PGD:9 PMD:9+ PTE:9+")),
            "found PGD with shift 30, 512 entries, 4096 bytes",
            "GEO-15"),
        Breaker.format(
            "PSE-36 bits one higher",
            "x86/2level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return level == Level.PTE
                        ? in.physAddr(raw, level)
                        : (raw & 0xffc0_0000L) | (raw & 0x3f_c000L) << 18;
                  }
                },
            "expected address 0x000000ffffc00000, found 0x0000007fffc00000",
            "FMT-20",
            "FMT-81"),
        Breaker.format(
            "4 MiB leaves without PSE-36",
            "x86/2level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long withPhysAddr(long raw, long physAddr, Level level) {
                    return in.withPhysAddr(raw, physAddr & 0xffff_ffffL, level);
                  }
                },
            "expected the same leaf elsewhere 0x00000000ffdfe1a0, found 0x00000000ffc001a0",
            "FMT-22",
            "FMT-82",
            "MAP-04",
            "MAP-39",
            "FLUSH-03"),
        Breaker.format(
            "A and D are ignored in unused entries, as with PAE",
            "x86/2level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean none(long raw, Level level) {
                    return (raw & ~(A | D)) == 0;
                  }
                },
            "expected not none, found none",
            "FMT-71",
            "FMT-80"),
        Breaker.format(
            "bit 21 of a 4 MiB leaf is taken for address",
            "x86/2level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return 0;
                  }
                },
            "expected 0 reported, found nothing reserved",
            "FMT-65"),
        Breaker.format(
            "4 MiB leaves lack PS",
            "x86/2level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    return in.mkLeaf(physAddr, pgprot, level) & ~PS;
                  }
                },
            "expected a leaf for r--p, found a table",
            "FMT-21",
            "FMT-35",
            "FMT-40",
            "FMT-45",
            "FMT-65",
            "FMT-66",
            "FLUSH-06",
            "FLUSH-07"));
  }
}

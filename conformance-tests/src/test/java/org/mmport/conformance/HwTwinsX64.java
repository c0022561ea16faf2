package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TlbDuty;

/** Ports of x86_64 with one thing wrong, which QEMU must notice. */
final class HwTwinsX64 {
  private HwTwinsX64() {}

  static List<Broken> all() {
    return List.of(
        Breaker.format(
            "2M leaves are taken for 4M",
            "x86_64/4level",
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
            "G is read where SPECIAL is",
            "x86_64/4level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean global(long raw, Level level) {
                    return in.special(raw, level);
                  }
                },
            "expected 0x",
            "HW-02"),
        Breaker.format(
            "execute disable is read from bit 62",
            "x86_64/4level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights((raw << 1 & 1L << 63) | (raw & Long.MAX_VALUE), level);
                  }
                },
            "fetch: ",
            "HW-03"),
        Breaker.format(
            "tables leave user rights whatever they say",
            "x86_64/4level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(in.leaf(raw, level) ? raw : raw | 4, level);
                  }
                },
            "(permission), found ",
            "HW-03"),
        Breaker.format(
            "PS in a PML4 entry is ignored",
            "x86_64/4level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return level == Level.PGD ? 0 : in.reserved(raw, level);
                  }
                },
            "found #PF error ",
            "HW-03"),
        Breaker.format(
            "dirty is read from the PAT bit",
            "x86_64/4level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean dirty(long raw, Level level) {
                    return (raw & 1L << 7) != 0;
                  }
                },
            "expected dirty after a write, found clean",
            "HW-04"),
        Breaker.rules(
            "nothing is ever flushed",
            "x86_64/4level",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-05"),
        Breaker.rules(
            "nothing is ever flushed, by the core",
            "x86_64/4level",
            in -> (o, n, l) -> TlbDuty.NONE,
            "expected ",
            "HW-06"),
        Breaker.rules(
            "leaves above PTE are not flushed",
            "x86_64/4level",
            in ->
                (o, n, l) -> {
                  TlbDuty duty = in.duty(o, n, l);
                  return l != Level.PTE && duty.scope() == FlushScope.LEAF ? TlbDuty.NONE : duty;
                },
            "expected ",
            "HW-05"),
        Breaker.format(
            "mappings are never made executable",
            "x86_64/4level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    return in.pgprot(protection) | 1L << 63;
                  }
                },
            "fetch after ",
            "HW-06"),
        Breaker.format(
            "kernel pages are made user pages",
            "x86_64/4level",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    return in.mkLeaf(physAddr, pgprot | 4, level);
                  }

                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(raw, level) & ~Rights.USER;
                  }
                },
            "user ",
            "HW-06"));
  }
}

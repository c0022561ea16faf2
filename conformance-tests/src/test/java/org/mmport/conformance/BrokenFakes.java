package org.mmport.conformance;

import java.util.List;
import java.util.function.UnaryOperator;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/** What can be wrong with machines that lack what x86_64 has, or have what it lacks. */
final class BrokenFakes {
  private BrokenFakes() {}

  static List<Broken> all() {
    MmuVariant poor = FakeVariants.all().get(1);
    MmuVariant reloading = FakeVariants.rootOf32Bytes();
    MmuVariant breaking = FakeVariants.fiveLevel();
    return List.of(
        format(
            "none is compared with zero where it is not zero",
            FakeVariants.noneIsNotZero(),
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean none(long raw, Level level) {
                    return raw == 0;
                  }
                },
            "expected none, found used",
            "FMT-53"),
        format(
            "mkSpecial is accepted without the bit",
            poor,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkSpecial(long raw, Level level) {
                    return raw;
                  }
                },
            "expected mkSpecial refused with UnsupportedMmuFeatureException, found it",
            "FMT-48"),
        format(
            "mkSoftDirty is accepted without the bit",
            poor,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkSoftDirty(long raw, Level level) {
                    return raw;
                  }
                },
            "expected mkSoftDirty refused with UnsupportedMmuFeatureException, found it",
            "FMT-50"),
        format(
            "mkUffdWp is accepted without the bit",
            poor,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkUffdWp(long raw, Level level) {
                    return raw;
                  }
                },
            "expected mkUffdWp refused with UnsupportedMmuFeatureException, found it",
            "FMT-52"),
        format(
            "protection keys are dropped without the bits",
            poor,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    return in.pgprot(protection.withKey(0));
                  }
                },
            "expected protection key 1 refused with InvalidRequestException, found it",
            "FMT-37"),
        format(
            "leaves are called global on a machine without global pages",
            poor,
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean global(long raw, Level level) {
                    return (raw & FakeFormat.U) == 0;
                  }
                },
            "expected not global for ---p, found global",
            "FMT-39"),
        format(
            "execution is called forbidden on a machine that cannot forbid it",
            poor,
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    int rights = in.rights(raw, level);
                    return in.leaf(raw, level) ? rights & ~Rights.USER_EXEC : rights;
                  }
                },
            "expected execution for r--p, found r-xr--",
            "FMT-26",
            "MAP-02",
            "MAP-03"),
        format(
            "entries have bits beyond their width",
            poor,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkDirty(long raw, Level level) {
                    return in.mkDirty(raw, level) | 1L << 40;
                  }
                },
            "expected bits beyond the entry 0x0000000000000000, found 0x0000010000000000",
            "FMT-17"),
        format(
            "a reserved bit is not reported",
            breaking,
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return in.reserved(raw, level) & ~(1L << 63);
                  }
                },
            "expected 0 reported, found nothing reserved",
            "FMT-65"),
        rules(
            "a root entry is changed without a reload",
            reloading,
            (o, n, l) -> {
              TlbDuty duty = reloading.tlbRules().duty(o, n, l);
              return new TlbDuty(duty.scope(), duty.breakBeforeMake(), false);
            },
            "expected a reload when hooked, found none",
            "FLUSH-13"),
        rules(
            "a leaf becomes a table without a break",
            breaking,
            (o, n, l) -> {
              TlbDuty duty = breaking.tlbRules().duty(o, n, l);
              return duty.scope() == FlushScope.NONE
                  ? duty
                  : new TlbDuty(duty.scope(), false, false);
            },
            "expected break-before-make, found TlbDuty",
            "FLUSH-11"));
  }

  private static Broken format(
      String name,
      MmuVariant good,
      UnaryOperator<PteFormat> breaker,
      String message,
      String... clauses) {
    return Breaker.broken(
        name, good, fake -> fake.withFormat(breaker.apply(fake.format())), message, clauses);
  }

  private static Broken rules(
      String name, MmuVariant good, TlbRules rules, String message, String... clauses) {
    return Breaker.broken(name, good, fake -> fake.withTlbRules(rules), message, clauses);
  }
}

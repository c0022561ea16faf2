package org.mmport.conformance;

import static org.mmport.conformance.BrokenX64.A;
import static org.mmport.conformance.BrokenX64.D;
import static org.mmport.conformance.BrokenX64.PS;
import static org.mmport.conformance.BrokenX64.RW;
import static org.mmport.conformance.BrokenX64.SAVED_DIRTY;
import static org.mmport.conformance.BrokenX64.SOFT_DIRTY;
import static org.mmport.conformance.BrokenX64.format;

import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.Rights;

/** Entries whose state is told or changed wrongly. */
final class BrokenStates {
  private BrokenStates() {}

  static List<Broken> all() {
    return List.of(
        format(
            "write permission is read from the accessed bit",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean write(long raw, Level level) {
                    return (raw & (RW | A)) != 0;
                  }
                },
            "expected write unchanged by young and old, found true",
            "FMT-10",
            "FMT-84"),
        format(
            "hardware's reads make dirty",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long touched(long raw, Level level) {
                    return in.written(in.touched(raw, level), level);
                  }
                },
            "expected all but young",
            "FMT-91"),
        format(
            "rights take the accessed bit for write permission",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    int rights = in.rights(raw, level);
                    boolean leaf = in.leaf(raw, level);
                    return leaf && (raw & A) != 0
                        ? rights | (Rights.user(rights) ? Rights.WRITE : Rights.KERNEL_WRITE)
                        : rights;
                  }
                },
            "expected no write right, found rw-rw-",
            "FMT-29",
            "FMT-83"),
        format(
            "mkOld forgets to clear the accessed bit",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkOld(long raw, Level level) {
                    return raw;
                  }
                },
            "expected old after mkOld, found young",
            "FMT-02"),
        format(
            "mkClean leaves the saved dirty bit",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkClean(long raw, Level level) {
                    return raw & ~D;
                  }
                },
            "expected clean after mkClean, found dirty",
            "FMT-04"),
        format(
            "wrProtect drops dirty",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long wrProtect(long raw, Level level) {
                    return raw & ~(RW | D | SAVED_DIRTY);
                  }
                },
            "expected dirty=true after wrProtect, found false",
            "FMT-07"),
        format(
            "mkDirty also makes writable",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkDirty(long raw, Level level) {
                    return in.mkDirty(raw | RW, level);
                  }
                },
            "expected write=false after mkDirty, found true",
            "FMT-09"),
        format(
            "mkUffdWp leaves the leaf writable",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkUffdWp(long raw, Level level) {
                    return raw | 1L << 10;
                  }
                },
            "expected read-only after mkUffdWp, found writable",
            "FMT-51"),
        format(
            "mkSoftDirty is ignored",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkSoftDirty(long raw, Level level) {
                    return raw;
                  }
                },
            "expected soft-dirty after mkSoftDirty, found not soft-dirty",
            "FMT-49"),
        format(
            "mkSpecial marks the bit of soft-dirty",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkSpecial(long raw, Level level) {
                    return raw | SOFT_DIRTY;
                  }
                },
            "expected special after mkSpecial, found not special",
            "FMT-47"),
        format(
            "mkInvalid makes a large leaf that is no longer present",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkInvalid(long raw, Level level) {
                    return in.mkInvalid(raw, level) & ~PS;
                  }
                },
            "expected still a present leaf, found none, swap or table",
            "FMT-45"));
  }
}

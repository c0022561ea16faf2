package org.mmport.conformance;

import static org.mmport.conformance.BrokenX64.ADDRESS;
import static org.mmport.conformance.BrokenX64.P;
import static org.mmport.conformance.BrokenX64.PAT_LARGE;
import static org.mmport.conformance.BrokenX64.RW;
import static org.mmport.conformance.BrokenX64.format;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PteBits;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** Table entries and swap entries gone wrong. */
final class BrokenTables {
  private BrokenTables() {}

  static List<Broken> all() {
    return List.of(
        format(
            "the last level is a leaf without being asked whether it is valid",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean valid(long raw, Level level) {
                    return level == Level.PTE ? !in.none(raw, level) : in.valid(raw, level);
                  }
                },
            "expected invalid for hardware, found valid",
            "FMT-40",
            "FMT-71",
            "FMT-80"),
        format(
            "rights of tables are ignored",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.leaf(raw, level) ? in.rights(raw, level) : Rights.ALL;
                  }
                },
            "expected rights rwx---, found rwxrwx",
            "FMT-83",
            "WALK-04"),
        format(
            "kernel tables are not writable through",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkTable(long physAddr, Level level, TableOwner owner) {
                    long raw = in.mkTable(physAddr, level, owner);
                    return owner == TableOwner.KERNEL ? raw & ~RW : raw;
                  }

                  @Override
                  public boolean bad(long raw, Level level) {
                    return in.bad(raw | RW, level);
                  }
                },
            "expected rights rwx---, found r-x---",
            "FMT-63"),
        format(
            "tables cannot be write-protected",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long wrProtectTable(long raw, Level level) {
                    return raw;
                  }
                },
            "expected rights of a protected table 0x000000000000002d, found 0x000000000000003f",
            "FMT-67"),
        format(
            "a large leaf is not bad",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean bad(long raw, Level level) {
                    return (raw & P) == 0;
                  }
                },
            "expected bad, for r--p, found a sane table entry",
            "FMT-54"),
        format(
            "swap exclusive is the soft-dirty bit",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean swapExclusive(long raw, Level level) {
                    return in.swapSoftDirty(raw, level);
                  }

                  @Override
                  public long swapMkExclusive(long raw, Level level) {
                    return in.swapMkSoftDirty(raw, level);
                  }

                  @Override
                  public long swapClearExclusive(long raw, Level level) {
                    return in.swapClearSoftDirty(raw, level);
                  }
                },
            "expected exclusive and not soft-dirty, found soft-dirty",
            "FMT-75",
            "FMT-85"),
        format(
            "large swap types are cut off silently",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkSwap(int type, long offset, Level level) {
                    return in.mkSwap(type & 31, offset, level);
                  }
                },
            "expected swap type 32 refused with InvalidRequestException, found it was",
            "FMT-72"),
        format(
            "swap offsets are stored as they are",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkSwap(int type, long offset, Level level) {
                    long raw = in.mkSwap(type, in.swapOffsets() - 1 - offset, level);
                    if (raw == 0) {
                      throw new InvalidRequestException("none");
                    }
                    return raw;
                  }

                  @Override
                  public long swapOffset(long raw, Level level) {
                    return in.swapOffsets() - 1 - in.swapOffset(raw, level);
                  }
                },
            "expected swap offset inverted, found as it is",
            "FMT-44",
            "FMT-85"),
        format(
            "a swap entry counts as present",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean present(long raw, Level level) {
                    return !in.none(raw, level);
                  }
                },
            "expected not present, found present",
            "FMT-71"),
        format(
            "misaligned large leaves are used as they are",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return level == Level.PTE || !in.leaf(raw, level) ? in.reserved(raw, level) : 0;
                  }

                  @Override
                  public long physAddr(long raw, Level level) {
                    long low =
                        (raw & P) != 0 ? raw & ADDRESS & ~PAT_LARGE & ~in.frameMask(level) : 0;
                    return in.physAddr(raw, level) | low;
                  }
                },
            "expected reserved bits, or 0x00019d3500000000, found 0x00019d3500002000",
            "FMT-64"),
        format(
            "a field is missing from the list",
            in -> {
              List<EntryField> fields =
                  in.fields().stream().filter(f -> !f.meaning().startsWith("an erratum")).toList();
              return new FilterFormat(in) {
                @Override
                public List<EntryField> fields() {
                  return fields;
                }
              };
            },
            "expected a field for every bit of SWAP, found none for 0x0000000000000070",
            "GEO-09"),
        format(
            "bits() is not that of fields()",
            in -> {
              List<EntryField> fields = new ArrayList<>(in.fields());
              fields.add(EntryField.bit("X", 57, EntryRole.YOUNG, "wrong", EntryKind.SWAP));
              fields.replaceAll(
                  f ->
                      f.role() == EntryRole.GLOBAL_OR_PROTNONE
                          ? EntryField.bit("G", 52, EntryRole.GLOBAL, "wrong")
                          : f);
              PteBits bits = PteBits.of(fields);
              return new FilterFormat(in) {
                @Override
                public PteBits bits() {
                  return bits;
                }
              };
            },
            "expected global=256, found global=4503599627370496",
            "GEO-10"));
  }
}

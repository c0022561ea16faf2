package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.FlushScope;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;
import org.mmport.spi.VaLayout;

/** Ports with one thing wrong, and the clauses that must say so: those and no others. */
final class BrokenPorts {
  private static final long P = 1;
  private static final long RW = 1L << 1;
  private static final long US = 1L << 2;
  private static final long A = 1L << 5;
  private static final long D = 1L << 6;
  private static final long PS = 1L << 7;
  private static final long G = 1L << 8;
  private static final long SOFT_DIRTY = 1L << 11;
  private static final long PAT_LARGE = 1L << 12;
  private static final long SAVED_DIRTY = 1L << 58;
  private static final long NX = 1L << 63;
  private static final long MOVED = 1L << 40;
  private static final long ADDRESS = 0x000f_ffff_ffff_f000L;

  private BrokenPorts() {}

  /**
   * One of them.
   *
   * @param name what is wrong with it
   * @param clauses exactly the clauses that fail
   * @param message part of what the first of them says
   */
  record Broken(String name, MmuVariant variant, List<String> clauses, String message) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static MmuVariant good() {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals("x86_64/4level"))
        .findFirst()
        .orElseThrow();
  }

  private static Broken format(
      String name, UnaryOperator<PteFormat> breaker, String message, String... clauses) {
    MmuVariant good = good();
    return new Broken(
        name, good.withFormat(breaker.apply(good.format())), List.of(clauses), message);
  }

  private static Broken rules(String name, TlbRules rules, String message, String... clauses) {
    return new Broken(name, good().withTlbRules(rules), List.of(clauses), message);
  }

  private static Broken batch(String name, BatchOps batchOps, String message, String... clauses) {
    MmuVariant good = good();
    MmuVariant broken =
        new MmuVariant(
            good.id(),
            good.geometry(),
            good.features(),
            good.format(),
            good.tlbRules(),
            batchOps,
            good.segmentMap(),
            good.rootFinder());
    return new Broken(name, broken, List.of(clauses), message);
  }

  private static Broken geometry(
      String name, PagingGeometry geometry, String message, String... clauses) {
    return new Broken(name, good().withGeometry(geometry), List.of(clauses), message);
  }

  static List<Broken> all() {
    List<Broken> all = new ArrayList<>();
    all.addAll(states());
    all.addAll(leaves());
    all.addAll(tablesAndSwap());
    all.addAll(shapes());
    all.addAll(tlbs());
    all.addAll(batches());
    all.addAll(BrokenFakes.all());
    return all;
  }

  private static List<Broken> states() {
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

  private static List<Broken> leaves() {
    return List.of(
        format(
            "no-execute is lost in leaves above PTE",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    long raw = in.mkLeaf(physAddr, pgprot, level);
                    return level == Level.PTE ? raw : raw & ~NX;
                  }
                },
            "expected no execution for r--p, found r-xr-x",
            "FMT-25"),
        format(
            "pgprot forgets no-execute",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    return in.pgprot(protection) & ~NX;
                  }
                },
            "expected no execution for r--p, found r-xr-x",
            "FMT-25"),
        format(
            "the PAT bit of a large leaf is taken as address",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return level == Level.PTE
                        ? in.physAddr(raw, level)
                        : in.physAddr(raw, level) | (raw & PAT_LARGE);
                  }
                },
            "expected WRITE_THROUGH at address 0x0000000000000000, found",
            "FMT-35",
            "FMT-81"),
        format(
            "the PAT bit of a page is taken for PS",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long splitLeaf(long raw, Level level, Level lower) {
                    return in.withPhysAddr(raw & ~PAT_LARGE, in.physAddr(raw, level), lower);
                  }
                },
            "expected ---p split from PUD 0x000ffffffffff120, found 0x000ffffffffff1a0",
            "FMT-55"),
        format(
            "private writable pages can be written at once",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    long pgprot = in.pgprot(protection);
                    return protection.write() && !protection.isNone() ? pgprot | RW : pgprot;
                  }
                },
            "expected no user write for -w-p, found rw-rw-",
            "FMT-28"),
        format(
            "kernel leaves are open to user code",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    boolean kernel =
                        protection.owner() == TableOwner.KERNEL && !protection.isNone();
                    return in.pgprot(protection) | (kernel ? US : 0);
                  }
                },
            "expected no user rights for r--s kernel, found r--r--",
            "FMT-24"),
        format(
            "kernel leaves are not global",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    long pgprot = in.pgprot(protection);
                    return (pgprot & P) != 0 ? pgprot & ~G : pgprot;
                  }
                },
            "expected global=true for r--s kernel, found false",
            "FMT-38"),
        format(
            "protect drops dirty",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long modify(long raw, long pgprot, Level level) {
                    return in.mkClean(in.modify(raw, pgprot, level), level);
                  }
                },
            "expected dirty=true after ---p, found false",
            "FMT-31"),
        format(
            "protect drops soft-dirty",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long modify(long raw, long pgprot, Level level) {
                    return in.modify(raw, pgprot, level) & ~SOFT_DIRTY;
                  }
                },
            "expected software bits after ---p 0x0000000000000e00, found",
            "FMT-32"),
        format(
            "protect drops the memory type",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long modify(long raw, long pgprot, Level level) {
                    return in.modify(raw, pgprot, level) & ~0x18L;
                  }
                },
            "expected WRITE_THROUGH after modify 0x0000000000001018, found",
            "FMT-33"),
        format(
            "PROT_NONE is not present",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean present(long raw, Level level) {
                    return (raw & P) != 0 || (level != Level.PTE && (raw & PS) != 0);
                  }
                },
            "expected present, found not present",
            "FMT-40",
            "FMT-80"),
        format(
            "PROT_NONE leaves hold their address as it is (L1TF)",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    long raw = in.mkLeaf(physAddr, pgprot, level);
                    return (raw & P) == 0 ? raw ^ in.frameMask(level) : raw;
                  }

                  @Override
                  public long physAddr(long raw, Level level) {
                    return raw & in.frameMask(level);
                  }

                  @Override
                  public long withPhysAddr(long raw, long physAddr, Level level) {
                    return (raw & ~in.frameMask(level)) | physAddr;
                  }

                  @Override
                  public long modify(long raw, long pgprot, Level level) {
                    long address = physAddr(raw, level);
                    long valid = withPhysAddr(raw | P, 0, level);
                    return withPhysAddr(in.modify(valid, pgprot, level), address, level);
                  }
                },
            "expected the upper half of physical addresses, found 0x0000000000000000",
            "FMT-44",
            "FMT-81",
            "FMT-82"),
        format(
            "protection keys reach one bit too far up",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    long key = in.bits().keyBits(protection.key());
                    return (in.pgprot(protection) & ~key) | key << 1;
                  }
                },
            "expected protection key 0x0000000000000001, found 0x0000000000000002",
            "FMT-36"),
        format(
            "a frame at physical address 0 is taken for none",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean none(long raw, Level level) {
                    return in.none(raw, level) || ((raw & P) != 0 && (raw & ADDRESS) == 0);
                  }
                },
            "expected neither none nor swap, found none or swap",
            "FMT-21",
            "FMT-61",
            "FMT-80"),
        format(
            "reads of the address keep one bit too few",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(raw, level) & ~(1L << 51);
                  }
                },
            "expected address 0x000fffffc0000000, found 0x0007ffffc0000000",
            "FMT-20",
            "FMT-81"));
  }

  private static List<Broken> tablesAndSwap() {
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
                  in.fields().stream().filter(f -> !f.name().equals("SPECIAL")).toList();
              return new FilterFormat(in) {
                @Override
                public List<EntryField> fields() {
                  return fields;
                }
              };
            },
            "expected a field for every bit of HUGE, found none for 0x0000000000000200",
            "GEO-09"),
        format(
            "bits() is not that of fields()",
            in -> {
              List<EntryField> fields = new ArrayList<>(in.fields());
              fields.add(EntryField.bit("X", 57, EntryRole.YOUNG, "wrong", EntryKind.SWAP));
              fields.replaceAll(
                  f ->
                      f.role() == EntryRole.GLOBAL
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

  private static PagingGeometry shape(VaLayout layout, int paBits, List<LevelGeometry> levels) {
    PagingGeometry good = good().geometry();
    return new PagingGeometry(good.pageShift(), layout, paBits, good.byteOrder(), 8, 8, levels);
  }

  private static LevelGeometry level(Level level, int bits, boolean leaf) {
    return LevelGeometry.of(level, bits, 8, leaf);
  }

  private static List<Broken> shapes() {
    List<LevelGeometry> right = good().geometry().levels();
    return List.of(
        geometry(
            "pages are taken for 8 KiB",
            new PagingGeometry(
                13, VaLayout.signExtended(48), 52, good().geometry().byteOrder(), 8, 8, right),
            "expected 21 frame bits, found 22",
            "GEO-08",
            "GEO-15"),
        geometry(
            "canonical addresses are one bit too narrow",
            shape(VaLayout.signExtended(47), 52, right),
            "expected region 0x0..0x7fffffffffff of root 0, found region",
            "GEO-15"),
        geometry(
            "the high half is missing",
            shape(VaLayout.zeroExtended(47), 52, right),
            "expected 6 rows, levels and regions, found 5, the last is region",
            "GEO-15"),
        geometry(
            "physical addresses are too short",
            shape(VaLayout.signExtended(48), 46, right),
            "expected 16 frame bits, found 22",
            "GEO-08"),
        geometry(
            "leaves of 1 GiB are not allowed",
            shape(
                VaLayout.signExtended(48),
                52,
                PagingGeometry.levels(
                    level(Level.PGD, 9, false),
                    level(Level.PUD, 9, false),
                    level(Level.PMD, 9, true),
                    level(Level.PTE, 9, true))),
            "expected PUD with shift 30, 512 entries, 4096 bytes, leaf, found PUD with",
            "GEO-15"),
        geometry(
            "a level that should be folded is real",
            shape(
                VaLayout.signExtended(48),
                52,
                PagingGeometry.levels(
                    level(Level.PGD, 9, false),
                    level(Level.P4D, 9, false),
                    level(Level.PUD, 9, true),
                    level(Level.PMD, 9, true),
                    level(Level.PTE, 9, true))),
            "expected PGD with shift 39, 512 entries, 4096 bytes, no leaves, found PGD",
            "GEO-15"));
  }

  private static List<Broken> tlbs() {
    MmuVariant good = good();
    return List.of(
        rules(
            "nothing is ever flushed",
            (o, n, l) -> TlbDuty.NONE,
            "expected a flush of LEAF for a leaf made invalid, now 0x0000000000000000",
            "FLUSH-01",
            "FLUSH-02",
            "FLUSH-03",
            "FLUSH-04",
            "FLUSH-05",
            "FLUSH-06",
            "FLUSH-07"),
        rules(
            "an unmapped leaf stays in the TLB",
            (o, n, l) ->
                n == 0 && good.format().leaf(o, l) ? TlbDuty.NONE : good.tlbRules().duty(o, n, l),
            "expected a flush of LEAF for a leaf made invalid, now 0x0000000000000000",
            "FLUSH-01"),
        rules(
            "a leaf that moves stays in the TLB",
            (o, n, l) -> {
              boolean leaf = good.format().leaf(o, l) && (n & P) != 0;
              return good.tlbRules().duty(o, leaf ? (n & ~MOVED) | (o & MOVED) : n, l);
            },
            "expected a flush of LEAF for another frame, now 0x80000100000000a7, found",
            "FLUSH-03"),
        rules(
            "an unhooked table is flushed like a leaf",
            (o, n, l) ->
                n == 0 && (o & P) != 0 && !good.format().leaf(o, l)
                    ? TlbDuty.FLUSH_LEAF
                    : good.tlbRules().duty(o, n, l),
            "expected a flush of WALK_CACHES for a table unhooked, now",
            "FLUSH-04"),
        rules(
            "a table that moves stays in the caches of upper levels",
            (o, n, l) ->
                (o & n & P) != 0 && !good.format().leaf(o, l) && o != n
                    ? TlbDuty.FLUSH_LEAF
                    : good.tlbRules().duty(o, n, l),
            "expected a flush of WALK_CACHES for another table, now 0x000ffffffffff067",
            "FLUSH-05"),
        rules(
            "a leaf that loses its write permission stays in the TLB",
            (o, n, l) -> good.tlbRules().duty(o, (n & P) != 0 ? n | (o & RW) : n, l),
            "expected a flush of LEAF for -w-s to r--p, now 0x80019d35000000a5, found",
            "FLUSH-02"),
        rules(
            "emptying asks which frame",
            (o, n, l) ->
                n == 0 && good.format().leaf(o, l) && (o & 1L << 40) != 0
                    ? TlbDuty.FLUSH_WALK_CACHES
                    : good.tlbRules().duty(o, n, l),
            "expected emptying owes TlbDuty",
            "FLUSH-09",
            "FLUSH-15"),
        rules(
            "a leaf that loses dirty stays in the TLB",
            (o, n, l) -> (o ^ n) == D ? TlbDuty.NONE : good.tlbRules().duty(o, n, l),
            "expected a flush of LEAF for dirty cleared, now 0x80000000000008a7, found",
            "FLUSH-07"),
        rules(
            "a first mapping is flushed for nothing",
            (o, n, l) ->
                o == 0 && (n & P) != 0 && l == Level.PTE
                    ? TlbDuty.FLUSH_LEAF
                    : good.tlbRules().duty(o, n, l),
            "expected no duty for a leaf where none was, now 0x8000000000000025, found",
            "FLUSH-08"),
        rules(
            "what does not change is flushed",
            (o, n, l) ->
                o == n && (o & P) != 0 ? TlbDuty.FLUSH_LEAF : good.tlbRules().duty(o, n, l),
            "expected no duty for no change, now 0x8000000000000085, found TlbDuty",
            "FLUSH-10"),
        rules(
            "hooking a table demands a reload",
            (o, n, l) ->
                o == 0 && n != 0 && l == Level.PGD
                    ? new TlbDuty(FlushScope.NONE, false, true)
                    : good.tlbRules().duty(o, n, l),
            "expected no duty for a table hooked where nothing was, now",
            "FLUSH-14"),
        rules(
            "break-before-make is demanded of a machine without it",
            (o, n, l) -> {
              boolean split =
                  good.format().leaf(o, l)
                      && (o & P) != 0
                      && (n & P) != 0
                      && !good.format().leaf(n, l);
              return split ? TlbDuty.BREAK_BEFORE_MAKE : good.tlbRules().duty(o, n, l);
            },
            "expected no break-before-make, found TlbDuty",
            "FLUSH-12"));
  }

  private static List<Broken> batches() {
    return List.of(
        batch(
            "a batch of leaves all maps the first one's memory",
            new BatchOps() {
              @Override
              public void set(
                  EntryArray table, int index, long raw, int nr, long stepBytes, PteFormat format) {
                for (int i = 0; i < nr; i++) {
                  table.set(index + i, raw);
                }
              }
            },
            "expected its neighbour as before, found 0x0000000000000000",
            "FOLD-05",
            "MAP-02",
            "MAP-03",
            "MAP-11",
            "MAP-12",
            "MAP-32"),
        batch(
            "a batch stores one leaf too few",
            new BatchOps() {
              @Override
              public void set(
                  EntryArray table, int index, long raw, int nr, long stepBytes, PteFormat format) {
                BatchOps.super.set(table, index, raw, Math.max(1, nr - 1), stepBytes, format);
              }
            },
            "expected its neighbour as before, found 0xffffffffffffffff",
            "FOLD-05",
            "MAP-02",
            "MAP-03",
            "MAP-10",
            "MAP-11",
            "MAP-12",
            "MAP-32"),
        batch(
            "clearing an entry clears its neighbour too",
            new BatchOps() {
              @Override
              public long clear(EntryArray table, int index, PteFormat format) {
                table.set(index ^ 1, format.empty(table.level()));
                return BatchOps.super.clear(table, index, format);
              }
            },
            "expected its neighbour as before, found 0xffffffffffffffff",
            "FOLD-05",
            "MAP-02",
            "MAP-03",
            "MAP-05",
            "MAP-10",
            "MAP-11",
            "MAP-16",
            "MAP-32",
            "FLUSH-22"),
        batch(
            "a leaf that is replaced loses its dirty bit",
            new BatchOps() {
              @Override
              public void replace(EntryArray table, int index, long raw, PteFormat format) {
                table.set(index, format.mkClean(raw, table.level()));
              }
            },
            "expected dirty, found clean",
            "MAP-07"),
        batch(
            "a leaf that is to be replaced stays",
            new BatchOps() {
              @Override
              public void replace(EntryArray table, int index, long raw, PteFormat format) {}
            },
            "expected rights for r--p, found r-xr-x",
            "MAP-02",
            "MAP-03",
            "MAP-04",
            "MAP-06",
            "MAP-08",
            "MAP-11",
            "FLUSH-22"));
  }
}

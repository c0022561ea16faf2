package org.mmport.conformance;

import static org.mmport.conformance.BrokenX64.ADDRESS;
import static org.mmport.conformance.BrokenX64.G;
import static org.mmport.conformance.BrokenX64.NX;
import static org.mmport.conformance.BrokenX64.P;
import static org.mmport.conformance.BrokenX64.PAT_LARGE;
import static org.mmport.conformance.BrokenX64.PS;
import static org.mmport.conformance.BrokenX64.RW;
import static org.mmport.conformance.BrokenX64.SOFT_DIRTY;
import static org.mmport.conformance.BrokenX64.US;
import static org.mmport.conformance.BrokenX64.format;

import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** Leaves made, changed or split wrongly. */
final class BrokenLeaves {
  private BrokenLeaves() {}

  static List<Broken> all() {
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
}

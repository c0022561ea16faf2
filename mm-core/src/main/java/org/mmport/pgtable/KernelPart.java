package org.mmport.pgtable;

import java.util.Optional;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.VaRegion;

/** What the tables of one address space have of the kernel's: nothing until they adopt its half. */
final class KernelPart {
  private final MmuVariant variant;
  private final RootEntries rootEntries;
  private final PteCursor cursor;
  private final long[] roots;
  private Optional<KernelHalf> adopted = Optional.empty();

  KernelPart(MmTables mm, PteCursor cursor) {
    this.variant = mm.space().variant();
    this.rootEntries = new RootEntries(mm);
    this.cursor = cursor;
    this.roots = cursor.roots;
  }

  void adopt(long[] kernelRoots, MmuGather gather) {
    KernelHalf half = requireHalf();
    VaRegion all = half.areas().all();
    rootEntries.requireNone(roots[all.root()], all);
    switch (half) {
      case KernelHalf.CopiedRootEntries copied ->
          rootEntries.copy(kernelRoots[all.root()], roots[all.root()], all, gather);
      case KernelHalf.OwnRoot own -> {
        gather.add(all.firstVa(), variant.geometry().pageBytes(), TlbDuty.RELOAD_ROOT, false);
        gather.freeLater(roots[all.root()]);
        roots[all.root()] = kernelRoots[all.root()];
      }
    }
    adopted = Optional.of(half);
    cursor.keepOut(all);
  }

  void copy(long[] kernelRoots, long va, long lastVa, MmuGather gather) {
    if (adopted.orElse(null) instanceof KernelHalf.CopiedRootEntries copied) {
      int root = copied.areas().all().root();
      VaRegion changed = new VaRegion("changed", va, lastVa, root);
      rootEntries.copy(kernelRoots[root], roots[root], changed, gather);
    }
  }

  void preallocateVmalloc(MmuGather gather) {
    VaRegion area = requireHalf().areas().vmalloc();
    rootEntries.preallocate(roots[area.root()], area, gather);
  }

  /** Refuses to change what is the kernel's. */
  void requireOwn(String operation, long va, long lastVa) {
    if (adopted.isEmpty()) {
      return;
    }
    VaRegion kernel = adopted.get().areas().all();
    if (Long.compareUnsigned(va, kernel.lastVa()) <= 0
        && Long.compareUnsigned(lastVa, kernel.firstVa()) >= 0) {
      throw new InvalidRequestException(
          "%s 0x%016x..0x%016x: 0x%016x..0x%016x is the kernel's; only its own tables change it"
              .formatted(operation, va, lastVa, kernel.firstVa(), kernel.lastVa()));
    }
  }

  /** Lets go of what is the kernel's in roots that no CPU uses any more, before they are freed. */
  void letGo() {
    if (adopted.orElse(null) instanceof KernelHalf.CopiedRootEntries copied) {
      VaRegion all = copied.areas().all();
      rootEntries.clear(roots[all.root()], all);
    }
  }

  /** Whether a root is not these tables' to free. */
  boolean isKernelRoot(int index) {
    return adopted.orElse(null) instanceof KernelHalf.OwnRoot own
        && own.areas().all().root() == index;
  }

  private KernelHalf requireHalf() {
    return variant
        .geometry()
        .vaLayout()
        .kernelHalf()
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    variant
                        + ": does not say which addresses are the kernel's; give its VA layout a kernel half"));
  }
}

package org.mmport.cpu;

import org.mmport.pgtable.FlushRequest;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaRegion;

/**
 * What one CPU has behind its TLB to look translations up in: a tree or a hash table. All under the
 * CPU's lock.
 */
abstract sealed class Mmu permits TreeMmu, HashedMmu {
  static final long FAULT = -1;

  /** Names translations of nobody. */
  static final long NOBODY = Long.MIN_VALUE + 1;

  final int cpu;
  final MmuVariant variant;
  final PagingGeometry geometry;
  final FrameHints hints;
  final Tlb tlb;
  final Counters counts;
  private final LastingMap lastingMap;

  /** Of the address space that is loaded; negative where none is. */
  long contextId = -1;

  private FaultKind faultKind = FaultKind.NOT_PRESENT;
  private Level faultLevel = Level.PGD;
  private long faultRaw;
  private boolean faulted;

  Mmu(
      int cpu,
      MmuVariant variant,
      FrameHints hints,
      Tlb tlb,
      Counters counts,
      LastingMap lastingMap) {
    this.lastingMap = lastingMap;
    this.cpu = cpu;
    this.variant = variant;
    this.geometry = variant.geometry();
    this.hints = hints;
    this.tlb = tlb;
    this.counts = counts;
  }

  /** Switches to an address space. */
  abstract void load(MmContext context);

  /** Loads again what is loaded, which may have got other roots. */
  abstract void reload(MmContext context);

  /** Whose translations of an address these are: the TLB's first key. */
  abstract long owner(long va);

  /** Where an address lies for that owner: the TLB's second key. */
  abstract long place(long va);

  /** Translates and caches, and leaves the marks that hardware leaves; or {@link #FAULT}. */
  abstract long walk(long va, Access access);

  /** Whether anything of an address space may be cached here. */
  abstract boolean mayHold(MmContext context);

  /** Forgets what a request names; returns how many translations it found. */
  abstract int flush(MmContext context, FlushRequest request);

  /** Forgets all that is an address space's alone. */
  abstract void retire(MmContext context);

  /** Has what leads into memory that was freed be found as that. */
  void markFreed(long physAddr, long sizeBytes) {
    tlb.markFreed(physAddr, sizeBytes);
  }

  final boolean runs(MmContext context) {
    return contextId == context.id();
  }

  final void requireLoaded() {
    if (contextId < 0) {
      throw new InvalidRequestException(
          "CPU %d: no address space is loaded; load one before the first access".formatted(cpu));
    }
  }

  final void requireRoots(MmContext context) {
    int needed = geometry.vaLayout().roots();
    if (context.roots().size() != needed) {
      throw new InvalidRequestException(
          "address space %d with %d roots: %s has %d"
              .formatted(context.id(), context.roots().size(), variant.id(), needed));
    }
  }

  /** Which root translates an address; negative where none does. */
  final int rootOf(long va) {
    for (VaRegion region : geometry.vaLayout().regions()) {
      if (region.contains(va)) {
        return region.root();
      }
    }
    return -1;
  }

  /** Whether what is mapped at an address is mapped for good. */
  final boolean isLasting(long va) {
    return lastingMap.contains(va);
  }

  /** What a translation of an address is cached with, beside its rights. */
  final int lasting(long va) {
    return isLasting(va) ? Tlb.LASTING : 0;
  }

  final long fault(FaultKind kind, Level level, long raw) {
    faultKind = kind;
    faultLevel = level;
    faultRaw = raw;
    faulted = true;
    return FAULT;
  }

  final AccessResult.Fault lastFault() {
    if (!faulted) {
      throw new InvalidRequestException(
          "CPU %d: no access has faulted yet; ask after one has".formatted(cpu));
    }
    return new AccessResult.Fault(faultKind, faultLevel, faultRaw);
  }

  final StaleTranslationException stale(long va, long physAddr, String cached) {
    return new StaleTranslationException(cpu, contextId, va, physAddr, cached);
  }
}

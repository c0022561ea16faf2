package org.mmport.cpu;

import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.mmport.pgtable.FlushRequest;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * One CPU: its registers, its TLB, and what is behind that. Driven by one thread; others flush it,
 * and wait for no more than an access.
 *
 * <p>What is cached is used until it is flushed, pushed out, or found not to permit an access: then
 * the tables are looked at again before the access faults, so that raising rights needs no flush.
 * What is not present is never cached.
 */
public final class Cpu {
  private final int index;
  private final CpuLock lock;
  private final Counters counts = new Counters();
  private final Tlb tlb;
  private final Mmu mmu;

  Cpu(int index, CpuSet.Parts parts) {
    MmuVariant variant = parts.variant();
    TlbShape shape = parts.shape().reseeded(index);
    FrameHints hints = new FrameHints(variant.geometry().pageShift());
    this.index = index;
    this.lock = CpuLock.of(parts.steps(), index);
    this.tlb = new Tlb(shape, pageShifts(variant), hints);
    this.mmu =
        parts
            .software()
            .<Mmu>map(
                software ->
                    new HashedMmu(
                        index,
                        variant,
                        parts.entries(),
                        software,
                        hints,
                        tlb,
                        counts,
                        parts.lastingMap()))
            .orElseGet(
                () ->
                    new TreeMmu(
                        index,
                        variant,
                        shape,
                        parts.entries(),
                        hints,
                        tlb,
                        counts,
                        parts.lastingMap()));
  }

  /** log2 of all sizes that a translation can have, ascending. */
  private static int[] pageShifts(MmuVariant variant) {
    return IntStream.range(0, Level.values().length)
        .mapToObj(i -> Level.values()[i])
        .filter(level -> variant.geometry().at(level).leafAllowed())
        .flatMapToInt(
            level -> {
              int shift = variant.geometry().shift(level);
              int members = variant.batchOps().runEntries(level);
              return IntStream.of(shift, shift + Integer.numberOfTrailingZeros(members));
            })
        .sorted()
        .distinct()
        .toArray();
  }

  public int index() {
    return index;
  }

  /**
   * Switches to an address space. What stays cached is what is tagged: all with ASIDs, else what is
   * global, or a segment's.
   *
   * @throws InvalidRequestException when it has not as many roots as the variant
   */
  public void load(MmContext context) {
    lock.acquire();
    try {
      mmu.load(context);
    } finally {
      lock.release();
    }
  }

  /**
   * Translates for an access, with all that it leaves in tables. Nothing is allocated.
   *
   * @return the physical address, or negative where the access faults: {@link #fault} tells how
   * @throws StaleTranslationException when it would go by what is cached of memory freed since
   * @throws InvalidRequestException when no address space is loaded
   */
  public long translate(long va, Access access) {
    lock.acquire();
    try {
      return translated(va, access);
    } finally {
      lock.release();
    }
  }

  /**
   * The same as a value.
   *
   * @throws StaleTranslationException as above
   * @throws InvalidRequestException as above
   */
  public AccessResult access(long va, Access access) {
    lock.acquire();
    try {
      long physAddr = translated(va, access);
      return physAddr >= 0 ? new AccessResult.Done(physAddr) : mmu.lastFault();
    } finally {
      lock.release();
    }
  }

  /**
   * The same, and something done with the memory, as one instruction: a flush ends before or after
   * it, never in its midst. What is done must be short, and must neither flush nor free.
   *
   * @param work is given the physical address
   * @return whether the access went through
   * @throws StaleTranslationException as above
   * @throws InvalidRequestException as above
   */
  public boolean perform(long va, Access access, LongConsumer work) {
    lock.acquire();
    try {
      long physAddr = translated(va, access);
      if (physAddr >= 0) {
        lock.holdFor(() -> work.accept(physAddr));
      }
      return physAddr >= 0;
    } finally {
      lock.release();
    }
  }

  /**
   * How the last access that faulted ended.
   *
   * @throws InvalidRequestException when none has
   */
  public AccessResult.Fault fault() {
    return mmu.lastFault();
  }

  private long translated(long va, Access access) {
    long found = tlb.find(mmu.owner(va), mmu.place(va), access.right());
    if (found >= 0) {
      counts.tlbHits++;
      return found;
    }
    return missed(va, access);
  }

  private long missed(long va, Access access) {
    mmu.requireLoaded();
    counts.tlbMisses++;
    long owner = mmu.owner(va);
    long place = mmu.place(va);
    long freed = tlb.findFreed(owner, place);
    if (freed >= 0) {
      throw mmu.stale(va, freed, "a translation");
    }
    // What is there does not permit the access. It is not looked at again, whatever comes of it.
    tlb.drop(owner, place, place);
    tlb.drop(Tlb.GLOBAL, place, place);
    long found = mmu.walk(va, access);
    counts.faults += found < 0 ? 1 : 0;
    return found;
  }

  // For the set.

  /** Whether it holds anything that a request may name. */
  boolean isConcerned(MmContext context, FlushRequest request) {
    lock.acquire();
    try {
      return request.global() || mmu.mayHold(context);
    } finally {
      lock.release();
    }
  }

  /** Whether it is running with what a request may name. */
  boolean mustBeInterrupted(MmContext context, FlushRequest request) {
    lock.acquire();
    try {
      return request.global() ? mmu.contextId >= 0 : mmu.runs(context);
    } finally {
      lock.release();
    }
  }

  void flush(MmContext context, FlushRequest request) {
    lock.acquire();
    try {
      counts.flushedTranslations += mmu.flush(context, request);
      if (request.duty().reloadRoot() && mmu.runs(context)) {
        mmu.reload(context);
        counts.rootReloads++;
      }
    } finally {
      lock.release();
    }
  }

  void retire(MmContext context) {
    lock.acquire();
    try {
      mmu.retire(context);
    } finally {
      lock.release();
    }
  }

  /** Memory was freed. */
  void markFreed(long physAddr, long sizeBytes) {
    lock.acquire();
    try {
      mmu.markFreed(physAddr, sizeBytes);
    } finally {
      lock.release();
    }
  }

  /** How many translations are cached, those of all address spaces. */
  public int cachedTranslations() {
    lock.acquire();
    try {
      return tlb.size();
    } finally {
      lock.release();
    }
  }

  void addCounts(Counters all) {
    lock.acquire();
    try {
      all.tlbHits += counts.tlbHits;
      all.tlbMisses += counts.tlbMisses;
      all.walks += counts.walks;
      all.walkCacheHits += counts.walkCacheHits;
      all.entriesRead += counts.entriesRead;
      all.accessedMarks += counts.accessedMarks;
      all.dirtyMarks += counts.dirtyMarks;
      all.hashFaults += counts.hashFaults;
      all.faults += counts.faults;
      all.flushedTranslations += counts.flushedTranslations;
      all.rootReloads += counts.rootReloads;
    } finally {
      lock.release();
    }
  }
}

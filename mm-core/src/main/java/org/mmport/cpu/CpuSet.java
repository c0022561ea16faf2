package org.mmport.cpu;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.Steps;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.HardwareEntries;
import org.mmport.pgtable.TlbFlusher;
import org.mmport.spi.FlushScope;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.VaRegion;

/**
 * The CPUs of a machine, and what reaches all of them: flushes, and the end of an address space.
 * Where translations live in a hash table, they share one, taken from the machine's frames.
 */
public final class CpuSet {
  private final MmuVariant variant;
  private final Optional<HashFaults> software;
  private final List<Cpu> cpus;
  private final boolean broadcasts;
  private final LastingMap lastingMap = new LastingMap();
  private final LongAdder leafFlushes = new LongAdder();
  private final LongAdder walkCacheFlushes = new LongAdder();
  private final LongAdder globalFlushes = new LongAdder();
  private final LongAdder ipis = new LongAdder();

  /** What CPUs are made of. */
  record Parts(
      MmuVariant variant,
      TlbShape shape,
      HardwareEntries entries,
      Optional<HashFaults> software,
      LastingMap lastingMap,
      Steps steps) {}

  /**
   * CPUs that cache as much as CPUs of today do.
   *
   * @throws InvalidRequestException when there is to be none
   * @throws org.mmport.machine.OutOfFramesException when there is no room for a hash table
   */
  public CpuSet(MmuVariant variant, FrameAllocator frames, int cpus) {
    this(variant, frames, cpus, TlbShape.USUAL);
  }

  /**
   * CPUs that cache as much as is said.
   *
   * @throws InvalidRequestException when there is to be none
   * @throws org.mmport.machine.OutOfFramesException when there is no room for a hash table
   */
  public CpuSet(MmuVariant variant, FrameAllocator frames, int cpus, TlbShape shape) {
    if (cpus < 1) {
      throw new InvalidRequestException(cpus + " CPUs: there must be one at least");
    }
    this.variant = variant;
    this.broadcasts = variant.has(MmuFeature.BROADCAST_TLBI);
    this.software =
        variant.has(MmuFeature.HASHED)
            ? Optional.of(new HashFaults(variant, frames))
            : Optional.empty();
    HardwareEntries entries = new HardwareEntries(frames.memory(), variant);
    Parts parts = new Parts(variant, shape, entries, software, lastingMap, frames.memory().steps());
    this.cpus = IntStream.range(0, cpus).mapToObj(index -> new Cpu(index, parts)).toList();
    frames.addFreeListener(this::markFreed);
  }

  /**
   * One of them.
   *
   * @throws InvalidRequestException when there is none of that index
   */
  public Cpu cpu(int index) {
    if (index < 0 || index >= cpus.size()) {
      throw new InvalidRequestException("CPU " + index + ": must be 0 to " + (cpus.size() - 1));
    }
    return cpus.get(index);
  }

  public int size() {
    return cpus.size();
  }

  public MmuVariant variant() {
    return variant;
  }

  /**
   * Carries out what is owed for changes of an address space, on every CPU that may have anything
   * of it cached: what is asked, and no more. A request that names global translations concerns
   * those of all address spaces. A reload has CPUs take up this context's roots.
   *
   * <p>By nobody in particular, so that every CPU which runs the address space is interrupted.
   */
  public TlbFlusher flusher(MmContext context) {
    return request -> flush(context, request, -1);
  }

  /** The same by one of the CPUs, which need not be interrupted. */
  public TlbFlusher flusher(MmContext context, Cpu by) {
    return request -> flush(context, request, by.index());
  }

  /**
   * Names addresses at which memory stays mapped when nobody has it any more, before anything is
   * mapped there: what is cached of them is not stale then.
   */
  public void keepMapped(VaRegion linearMap) {
    lastingMap.set(linearMap);
  }

  /**
   * Carries out what is owed for changes of the kernel's half, on every CPU whatever it runs, and
   * for whatever address space it was cached: {@code flush_tlb_kernel_range()}. A reload is not the
   * kernel's alone: whoever changes a root that others copied sees to theirs.
   */
  public TlbFlusher kernelFlusher(MmContext kernel) {
    return request ->
        flush(
            kernel,
            new FlushRequest(request.firstVa(), request.lastVa(), request.duty(), true),
            -1);
  }

  /**
   * Carries it out on one CPU alone, as invalidations do that are not broadcast: for what only that
   * CPU can have cached. The hash table, if there is one, is still the one of all.
   */
  public TlbFlusher localFlusher(MmContext context, Cpu cpu) {
    return request -> {
      if (!request.duty().isNone()) {
        prepare(context, request);
        cpu.flush(context, request);
      }
    };
  }

  private void flush(MmContext context, FlushRequest request, int by) {
    if (request.duty().isNone()) {
      return;
    }
    prepare(context, request);
    for (Cpu cpu : cpus) {
      if (cpu.isConcerned(context, request)) {
        if (!broadcasts && cpu.index() != by && cpu.mustBeInterrupted(context, request)) {
          ipis.increment();
        }
        cpu.flush(context, request);
      }
    }
  }

  private void prepare(MmContext context, FlushRequest request) {
    count(request);
    software.ifPresent(
        hashed -> hashed.remove(hashed.parts(context.id(), request.firstVa(), request.lastVa())));
  }

  private void count(FlushRequest request) {
    if (request.duty().scope() == FlushScope.LEAF) {
      leafFlushes.increment();
    } else if (request.duty().scope() == FlushScope.WALK_CACHES) {
      walkCacheFlushes.increment();
    }
    if (request.global()) {
      globalFlushes.increment();
    }
  }

  /**
   * An address space is gone: nothing of it stays cached, and its number must not come again. A CPU
   * that has it loaded has none afterwards.
   */
  public void retire(MmContext context) {
    software.ifPresent(hashed -> hashed.remove(hashed.ownParts(context.id())));
    cpus.forEach(cpu -> cpu.retire(context));
  }

  private void markFreed(long physAddr, long sizeBytes) {
    software.ifPresent(hashed -> hashed.markFreed(physAddr, sizeBytes));
    cpus.forEach(cpu -> cpu.markFreed(physAddr, sizeBytes));
  }

  /** What they did since they were made. */
  public CpuCounts counts() {
    Counters all = new Counters();
    cpus.forEach(cpu -> cpu.addCounts(all));
    return new CpuCounts(
        all.tlbHits,
        all.tlbMisses,
        all.walks,
        all.walkCacheHits,
        all.entriesRead,
        all.accessedMarks,
        all.dirtyMarks,
        all.hashFaults,
        all.faults,
        leafFlushes.sum(),
        walkCacheFlushes.sum(),
        globalFlushes.sum(),
        all.flushedTranslations,
        all.rootReloads,
        ipis.sum());
  }
}

package org.mmport.interleave;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.mmport.cpu.Access;
import org.mmport.cpu.Cpu;
import org.mmport.cpu.CpuSet;
import org.mmport.cpu.MmContext;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.LockRank;
import org.mmport.machine.PercpuRwLock;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/**
 * Faults side by side in their bare form, on the core's tables, locks and folios, with one thing
 * left out or in the wrong place.
 */
final class SmallFaults implements Program.Scene {
  private static final long VA = 0x40003000L;
  private static final byte STORED = 7;

  /** What is wrong. */
  enum Mistake {
    NONE,
    NO_SECOND_LOOK,
    TABLE_MADE_WITHOUT_LOCK,
    NOTE_READ_BEFORE_LOCK,
    GIVEN_BACK_TWICE,
    LOSER_KEEPS_ITS_PAGE,
    CLEARED_WHEN_MAPPED,
    SHARE_KEPT,
    LOCKED_WHILE_SHARED,
    UNMAPPED_WHILE_SHARED
  }

  /** One of the threads: the number of the CPU that it has. */
  private interface Act {
    void on(int cpu);
  }

  private final MmuVariant variant;
  private final PhysicalMemory memory;
  private final FrameAllocator frames;
  private final Folios folios;
  private final PercpuRwLock lock;
  private final PageTable table;
  private final CpuSet cpus;
  private final MmContext context;
  private final Mistake mistake;
  private final long framesAtRest;
  private List<Act> acts = List.of();
  private int storesLeft;

  private SmallFaults(MmuVariant variant, Steps steps, Mistake mistake) {
    this.variant = variant;
    this.mistake = mistake;
    this.memory = PhysicalMemory.ofSize(64L << 20, steps);
    this.frames = FrameAllocator.singleNode(memory, variant.geometry().pageShift());
    this.folios = new Folios(frames);
    this.lock = new PercpuRwLock(steps, LockRank.SYSTEM);
    this.cpus = new CpuSet(variant, frames, 2);
    this.framesAtRest = frames.allocatedFrames();
    this.table = PageTable.create(new TableSpace(variant, frames, 0), TableOwner.USER);
    this.context = MmContext.of(1, table);
  }

  /** Two CPUs store to one page. */
  static Program samePage(MmuVariant variant, Mistake mistake) {
    return of(variant, mistake, scene -> scene.storing(scene.store(0), scene.store(0)));
  }

  /** Two CPUs store to pages of one table, which is there or not. */
  static Program sameTable(MmuVariant variant, Mistake mistake) {
    return of(variant, mistake, scene -> scene.storing(scene.store(0), scene.store(1)));
  }

  /** One stores while all is unmapped. */
  static Program unmapped(MmuVariant variant, Mistake mistake) {
    return of(
        variant,
        mistake,
        scene -> {
          scene.store(1).on(0);
          scene.acts = List.of(scene.store(0), cpu -> scene.munmap());
        });
  }

  private static Program of(MmuVariant variant, Mistake mistake, Consumer<SmallFaults> acts) {
    return steps -> {
      SmallFaults scene = new SmallFaults(variant, steps, mistake);
      acts.accept(scene);
      return scene;
    };
  }

  private void storing(Act first, Act second) {
    acts = List.of(first, second);
    storesLeft = 2;
  }

  private long va(int page) {
    return VA + page * variant.geometry().pageBytes();
  }

  private Act store(int page) {
    return index -> {
      Cpu cpu = cpus.cpu(index);
      cpu.load(context);
      for (int i = 0; i < 10; i++) {
        if (cpu.perform(
            va(page), Access.USER_WRITE, at -> memory.slice(at + index, 1).fill(STORED))) {
          return;
        }
        fault(va(page));
      }
      throw new IllegalStateException("faults again and again");
    };
  }

  private void fault(long va) {
    int slot = lock.lockShared();
    try (MmuGather gather = table.gather(cpus.flusher(context))) {
      boolean alone = mistake == Mistake.LOCKED_WHILE_SHARED;
      if (alone) {
        lock.lock();
      }
      map(va, gather);
      if (alone) {
        lock.unlock();
      }
      gather.flush();
    } finally {
      if (mistake != Mistake.SHARE_KEPT) {
        lock.unlockShared(slot);
      }
    }
  }

  private void map(long va, MmuGather gather) {
    PteTable at =
        mistake == Mistake.TABLE_MADE_WITHOUT_LOCK
            ? table.pteTableAlloc(va, gather)
            : table.pteTableBeside(va, gather).orElseThrow();
    int version = at.lockVersion();
    if (!isNone(at.getLockless(at.index(va)))) {
      return;
    }
    long pfn = folios.alloc(0, 0);
    if (mistake != Mistake.CLEARED_WHEN_MAPPED) {
      folios.bytes(pfn).fill((byte) 0);
    }
    long note = at.note();
    boolean late;
    int now = at.lock();
    try {
      boolean unseen = now != version && mistake != Mistake.NO_SECOND_LOOK;
      late = unseen && !isNone(at.get(at.index(va)));
      if (!late) {
        folios.addMapCount(pfn, 1);
        long pgprot = variant.format().pgprot(Protection.PAGE_SHARED);
        at.set(at.index(va), 1, variant.format().mkLeaf(folios.physAddr(pfn), pgprot, Level.PTE));
        at.setNote((mistake == Mistake.NOTE_READ_BEFORE_LOCK ? note : at.note()) + 1);
        gather.flush();
      }
    } finally {
      at.unlock();
    }
    settle(pfn, late);
  }

  private void settle(long pfn, boolean late) {
    if (late && mistake != Mistake.LOSER_KEEPS_ITS_PAGE) {
      folios.unref(pfn, 1);
    }
    if (late && mistake == Mistake.GIVEN_BACK_TWICE) {
      folios.unref(pfn, 1);
    }
    if (!late && mistake == Mistake.CLEARED_WHEN_MAPPED) {
      folios.mapCount(pfn);
      folios.bytes(pfn).fill((byte) 0);
    }
  }

  private boolean isNone(long raw) {
    return variant.format().none(raw, Level.PTE);
  }

  private void munmap() {
    if (mistake == Mistake.UNMAPPED_WHILE_SHARED) {
      int slot = lock.lockShared();
      unmapAll();
      lock.unlockShared(slot);
    } else {
      lock.lock();
      unmapAll();
      lock.unlock();
    }
  }

  private List<Long> mapped() {
    List<Long> pfns = new ArrayList<>();
    for (int page = 0; page < 2; page++) {
      if (table.walker().walk(va(page)).outcome() instanceof Outcome.Mapped mapped) {
        pfns.add(mapped.physAddr() >>> variant.geometry().pageShift());
      }
    }
    return pfns;
  }

  private void unmapAll() {
    List<Long> pfns = mapped();
    try (MmuGather gather = table.gather(cpus.flusher(context))) {
      table.unmap(VA, 2 * variant.geometry().pageBytes(), gather);
      gather.flush();
    }
    for (long pfn : pfns) {
      folios.addMapCount(pfn, -1);
      folios.unref(pfn, 1);
    }
  }

  @Override
  public PhysicalMemory memory() {
    return memory;
  }

  @Override
  public List<Runnable> threads() {
    return List.of(() -> acts.get(0).on(0), () -> acts.get(1).on(1));
  }

  /** What was stored is there, every page is counted, and nothing is left after the end. */
  @Override
  public Optional<String> verdict() {
    List<Long> pfns = mapped();
    int stored = 0;
    for (long pfn : pfns) {
      for (int cpu = 0; cpu < 2; cpu++) {
        stored += folios.bytes(pfn).get(ValueLayout.JAVA_BYTE, cpu) == STORED ? 1 : 0;
      }
    }
    long noted;
    try (MmuGather gather = table.gather(cpus.flusher(context))) {
      noted = table.pteTable(VA, gather).map(PteTable::note).orElse(0L);
    }
    if (noted != pfns.size()) {
      return Optional.of("%d pages are noted, %d are mapped".formatted(noted, pfns.size()));
    }
    unmapAll();
    cpus.retire(context);
    table.close();
    long left = frames.allocatedFrames() - framesAtRest;
    if (left != 0) {
      return Optional.of(left + " frames are left in use");
    }
    return stored < storesLeft ? Optional.of("a store has been lost") : Optional.empty();
  }

  @Override
  public void close() {
    memory.close();
  }
}

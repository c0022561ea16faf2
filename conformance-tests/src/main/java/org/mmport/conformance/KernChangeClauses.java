package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mmport.cpu.Access;
import org.mmport.cpu.AccessResult;
import org.mmport.cpu.StaleTranslationException;
import org.mmport.machine.OutOfFramesException;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.KernelSpace;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.ScenarioCheck;
import org.mmport.scenario.ScenarioCheck.Failure;
import org.mmport.scenario.Script;
import org.mmport.spi.VaRegion;

/** KERN: changes of the kernel's half while processes run. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class KernChangeClauses {
  private KernChangeClauses() {}

  @Clause(
      id = "KERN-10",
      text = "What vmalloc maps while processes run, every CPU sees at once in all of them",
      source =
          "kernel: arch_sync_kernel_mappings, preallocate_vmalloc_pages; vmalloc_fault is gone",
      check = "the layout's Upkeep; KernelSpace.propagate; PageTable.copyKernelEntries")
  static void everyoneSeesNewMappings(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace a = rig.process(0);
    AddressSpace b = rig.process(1);
    AddressSpace sleeping = rig.system().create();
    KernelSpace kernel = rig.kernel();
    long page = c.geometry().pageBytes();
    // The second one needs tables that were not there when processes came to have the first.
    for (long bytes : List.of(3 * page, rig.manyBytes(), 1L)) {
      long va = kernel.vmalloc(bytes);
      long last = va + (bytes - 1) / page * page;
      rig.carries(rig.cpu(0), rig.cpu(1), va, 17);
      rig.carries(rig.cpu(1), rig.cpu(0), last + page - 1, 18);
      rig.cpu(0).load(sleeping.context());
      rig.carries(rig.cpu(1), rig.cpu(0), va, 19);
      AddressSpace young = rig.process(0);
      rig.carries(rig.cpu(1), rig.cpu(0), last, 20);
      rig.cpu(0).load(kernel.context());
      rig.carries(rig.cpu(0), rig.cpu(1), va, 21);
      for (AddressSpace process : List.of(a, b, sleeping, young)) {
        judgeSame(c, rig, process, va, last);
      }
      rig.cpu(0).load(a.context());
    }
  }

  /** By hardware's walk, and the same page at each address as from the kernel's own root. */
  private static void judgeSame(
      ClauseContext c, KernRig rig, AddressSpace process, long va, long last) {
    ReferenceReader kernels = rig.reader(rig.kernel().pageTable());
    ReferenceReader reader = rig.reader(process.pageTable());
    for (long at = va; at <= last && at >= va; at += c.geometry().pageBytes()) {
      long expected = kernels.translate(at);
      long found = reader.translate(at);
      c.checkVa(expected >= 0 && found == expected, at, ClauseContext.hex(expected), found);
    }
  }

  @Clause(
      id = "KERN-11",
      text = "After vfree no CPU reaches what was there, in whatever address space it cached it",
      source = "kernel: vunmap_range, flush_tlb_kernel_range, __purge_vmap_area_lazy",
      check = "CpuSet.kernelFlusher; KernelSpace.gather; copies of root entries that went")
  static void nobodySeesWhatIsFreed(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace early = rig.process(0);
    AddressSpace other = rig.process(1);
    KernelSpace kernel = rig.kernel();
    AddressSpace late = rig.process(0);
    List<AddressSpace> processes = List.of(early, late, other);
    for (long bytes : List.of(c.geometry().pageBytes(), rig.manyBytes())) {
      long va = kernel.vmalloc(bytes);
      long last = va + bytes - 1;
      useEverywhere(rig, processes, va, last);
      kernel.vfree(va);
      judgeGone(rig, processes, va, last);
      judgeSameWay(c, rig, processes, last);
      // The same addresses lead to other pages, or the same in another order.
      List<Long> taken = occupy(rig, 5);
      long again = kernel.vmalloc(bytes);
      c.check(again == va, "the same address again, " + ClauseContext.hex(va), again);
      long physAddr = rig.reader(kernel.pageTable()).translate(last);
      for (AddressSpace process : processes) {
        rig.cpu(1).load(process.context());
        rig.reaches(rig.cpu(1), last, physAddr, Access.KERNEL_READ, "a process, mapped anew");
      }
      kernel.vfree(again);
      taken.forEach(frame -> rig.machine().frames().free(frame, 0));
      judgeGone(rig, processes, va, last);
    }
  }

  /** Each CPU caches it in each process; the last to run keeps running. */
  private static void useEverywhere(KernRig rig, List<AddressSpace> processes, long va, long last) {
    for (AddressSpace process : processes) {
      for (int cpu = 0; cpu < KernRig.CPUS; cpu++) {
        rig.cpu(cpu).load(process.context());
        rig.cpu(cpu).access(va, Access.KERNEL_WRITE);
        rig.cpu(cpu).access(last, Access.KERNEL_READ);
      }
    }
    rig.cpu(0).load(processes.getFirst().context());
  }

  private static void judgeGone(KernRig rig, List<AddressSpace> processes, long va, long last) {
    for (int cpu = 0; cpu < KernRig.CPUS; cpu++) {
      rig.faults(rig.cpu(cpu), va, Access.KERNEL_READ, "what it ran");
      rig.faults(rig.cpu(cpu), last, Access.KERNEL_READ, "what it ran");
      for (AddressSpace process : processes) {
        rig.cpu(cpu).load(process.context());
        rig.faults(rig.cpu(cpu), va, Access.KERNEL_READ, "another process");
        rig.faults(rig.cpu(cpu), last, Access.KERNEL_WRITE, "another process");
      }
    }
    rig.cpu(0).load(processes.getFirst().context());
  }

  /** Tables that went from the kernel's root went from all: the ways end at the same entry. */
  private static void judgeSameWay(
      ClauseContext c, KernRig rig, List<AddressSpace> processes, long va) {
    ReferenceReader.Entry end = rig.reader(rig.kernel().pageTable()).path(va).getLast();
    for (AddressSpace process : processes) {
      ReferenceReader.Entry found = rig.reader(process.pageTable()).path(va).getLast();
      c.checkVa(
          found.level() == end.level() && found.raw() == end.raw(),
          va,
          "the way to end in a process as in the kernel's tables, with " + end,
          found);
    }
  }

  private static List<Long> occupy(KernRig rig, int frames) {
    List<Long> taken = new ArrayList<>();
    for (int i = 0; i < frames; i++) {
      taken.add(rig.machine().frames().alloc(0, 0));
    }
    return taken;
  }

  @Clause(
      id = "KERN-12",
      text = "Pages and tables of a mapping are freed when no CPU can reach them any more",
      source = "kernel: vfree frees pages after remove_vm_area; mmu_gather's order",
      check = "KernelSpace.unmap: unhook, flush, free; MmuGather.flush")
  static void freedAfterTheFlush(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace process = rig.process(0);
    AddressSpace other = rig.process(1);
    KernelSpace kernel = rig.kernel();
    long bytes = rig.manyBytes();
    long va = kernel.vmalloc(bytes);
    long last = va + bytes - 1;
    useEverywhere(rig, List.of(process, other), va, last);
    List<String> early = new ArrayList<>();
    rig.machine()
        .frames()
        .addFreeListener(
            (physAddr, sizeBytes) -> {
              for (int cpu = 0; cpu < KernRig.CPUS && early.isEmpty(); cpu++) {
                reached(rig, cpu, va, physAddr, early);
                reached(rig, cpu, last, physAddr, early);
              }
            });
    kernel.vfree(va);
    c.check(early.isEmpty(), "every CPU to fault when the first frame is freed", early);
  }

  private static void reached(KernRig rig, int cpu, long va, long freed, List<String> early) {
    try {
      if (rig.cpu(cpu).access(va, Access.KERNEL_READ) instanceof AccessResult.Done) {
        early.add("CPU %d reaches 0x%x as 0x%x is freed".formatted(cpu, va, freed));
      }
    } catch (StaleTranslationException e) {
      early.add(String.valueOf(e.getMessage()));
    }
  }

  @Clause(
      id = "KERN-13",
      text = "Without memory for it, neither the kernel's half nor a mapping of it leaves a trace",
      source = "R2.40; kernel: __vmalloc_node_range frees what it got",
      check = "KernelSpace.create, allocate; RootEntries.preallocate's reserve")
  static void nothingWithoutMemory(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace process = rig.process(0);
    long[] before = inUse(rig, process);
    refusals(c, rig, process, before, "the kernel's half", rig::kernel);
    KernelSpace kernel = rig.kernel();
    before = inUse(rig, process);
    long bytes = Math.min(rig.manyBytes(), 40 * c.geometry().pageBytes());
    refusals(c, rig, process, before, "vmalloc", () -> kernel.vmalloc(bytes));
    long pages = kernel.vmallocPages();
    c.check(pages == bytes / c.geometry().pageBytes(), "pages of one mapping", pages);
    rig.reaches(
        rig.cpu(0), rig.linearVa(0), 0, Access.KERNEL_READ, "a process that met all of that");
  }

  /**
   * Permits so many allocations that an action fails at each of its own, up to where it does not.
   */
  private static void refusals(
      ClauseContext c,
      KernRig rig,
      AddressSpace process,
      long[] before,
      String what,
      Runnable action) {
    for (long permitted = 0; ; permitted += 1 + permitted / 8) {
      rig.machine().permitAllocations(permitted);
      try {
        action.run();
        rig.machine().permitAllAllocations();
        return;
      } catch (OutOfFramesException e) {
        rig.machine().permitAllAllocations();
      }
      long[] after = inUse(rig, process);
      for (int i = 0; i < before.length; i++) {
        c.check(
            before[i] == after[i],
            "%s: %s as before, %d, with %d allocations"
                .formatted(what, USES.get(i), before[i], permitted),
            after[i]);
      }
      rig.touch(process, 0);
      process.exec();
    }
  }

  private static final List<String> USES = List.of("frames", "tables", "a process's tables");

  private static long[] inUse(KernRig rig, AddressSpace process) {
    process.exec();
    return new long[] {
      rig.machine().frames().allocatedFrames(),
      rig.system().tablesInUse(),
      process.counters().tables().total()
    };
  }

  @Clause(
      id = "KERN-14",
      text = "Behind each mapping is a page at which nothing is, and what was freed is used again",
      source = "kernel: VM_NO_GUARD unset in get_vm_area; vfree's warning of areas that are none",
      check = "VmallocAreas")
  static void guardPages(ClauseContext c) {
    KernRig rig = new KernRig(c);
    rig.process(0);
    KernelSpace kernel = rig.kernel();
    VaRegion region = kernel.areas().vmalloc();
    long page = c.geometry().pageBytes();
    List<Long> sizes = List.of(1L, page, 3 * page + 1, 2 * page, page - 1);
    List<Long> addresses = new ArrayList<>();
    for (long size : sizes) {
      long va = kernel.vmalloc(size);
      long end = va + (size + page - 1) / page * page;
      c.checkVa(region.contains(va) && region.contains(end), va, "to be in " + region, end);
      rig.faults(rig.cpu(0), end, Access.KERNEL_READ, "a process, behind a mapping");
      for (long known : addresses) {
        rig.carries(rig.cpu(0), rig.cpu(0), known, addresses.indexOf(known));
      }
      addresses.add(va);
    }
    for (long va : addresses) {
      long physAddr = rig.reader(kernel.pageTable()).translate(va);
      rig.reaches(rig.cpu(0), va, physAddr, Access.KERNEL_READ, "a process");
    }
    long hole = addresses.get(2);
    kernel.vfree(hole);
    long wide = kernel.vmalloc(5 * page);
    c.check(wide != hole, "5 pages and one behind elsewhere than in a hole of 5", wide);
    addresses.add(wide);
    long fits = kernel.vmalloc(3 * page + 1);
    c.check(fits == hole, "the hole at " + ClauseContext.hex(hole), fits);
    c.refused("vfree within a mapping", () -> kernel.vfree(fits + page));
    c.refused("vfree of a user address", () -> kernel.vfree(page));
    c.refused("vmalloc of nothing", () -> kernel.vmalloc(0));
    c.refused("vmalloc of less", () -> kernel.vmalloc(-page));
    c.refused("vmalloc of too much", () -> kernel.vmalloc(Long.MAX_VALUE));
    long memoryBytes = rig.machine().memory().sizeBytes();
    if (memoryBytes < region.lastVa() - region.firstVa()) {
      c.outOfFrames("vmalloc of more than memory", () -> kernel.vmalloc(memoryBytes + page));
    }
    addresses.forEach(kernel::vfree);
    c.refused("vfree of what was freed", () -> kernel.vfree(fits));
    long left = kernel.vmallocPages();
    c.check(left == 0, "no pages", left);
  }

  @RestsOn("MODEL")
  @Clause(
      id = "KERN-16",
      text = "Beside the kernel's half processes see what a model without page tables says",
      source = "fork(2), mmap(2), mprotect(2), madvise(2) as a map of bytes and rights",
      check = "the steps that the message ends with; what PageTable does for the kernel's half")
  static void processesGoOnAsBefore(ClauseContext c) {
    if (c.geometry().vaLayout().kernelHalf().isEmpty()) {
      throw c.notApplicable(c.variant().id() + " does not say which addresses are the kernel's");
    }
    ScenarioCheck check = new ScenarioCheck(() -> MmBench.withKernel(c.variant()));
    Optional<Failure> failure = check.random(c.random().nextLong(), STEPS, RECOUNT_EVERY);
    if (failure.isPresent()) {
      Failure shrunk = check.shrink(failure.get());
      c.check(
          false,
          "what the model says",
          "%s; steps: %s"
              .formatted(shrunk.reason(), String.join("; ", Script.write(shrunk.steps()))));
    }
  }

  private static final int STEPS = 600;
  private static final int RECOUNT_EVERY = 30;
}

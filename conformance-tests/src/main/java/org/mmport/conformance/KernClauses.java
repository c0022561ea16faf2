package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.conformance.ReferenceReader.Entry;
import org.mmport.cpu.Access;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.KernelSpace;
import org.mmport.mm.MmSystem;
import org.mmport.mm.SegmentationFaultException;
import org.mmport.mm.UserCpu;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Rights;
import org.mmport.spi.SegmentMap;
import org.mmport.spi.VaRegion;

/** KERN: what every address space has of the kernel, and what nobody else may do with it. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class KernClauses {
  private KernClauses() {}

  @Clause(
      id = "KERN-01",
      text = "The linear map is in every address space: made before it, after it, or by a fork",
      source = "kernel: pgd_ctor (x86), TTBR1 (arm64), process 0's tree (Power); __va",
      check = "the layout's KernelHalf; AddressSpace.join; KernelSpace.joinRunning, joinNew")
  static void everyoneHasTheLinearMap(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace before = rig.process(0);
    AddressSpace sleeping = rig.process(1);
    AddressSpace other = rig.process(1);
    rig.kernel();
    // The first CPU still runs what it ran when the kernel's half was made.
    judgeLinear(rig, 0, "a process from before");
    AddressSpace after = rig.process(0);
    judgeLinear(rig, 0, "a process from after");
    rig.touch(sleeping, 1);
    judgeLinear(rig, 1, "one that did not run then");
    rig.touch(before.fork(), 1);
    judgeLinear(rig, 1, "a child");
    rig.cpu(1).load(rig.kernel().context());
    judgeLinear(rig, 1, "no process");
    rig.touch(after, 0);
    rig.touch(other, 1);
    rig.carries(rig.cpu(0), rig.cpu(1), rig.linearVa(freePage(rig)), 7);
  }

  private static void judgeLinear(KernRig rig, int cpu, String who) {
    for (long physAddr : rig.samples()) {
      rig.reaches(rig.cpu(cpu), rig.linearVa(physAddr), physAddr, Access.KERNEL_READ, who);
      rig.reaches(rig.cpu(cpu), rig.linearVa(physAddr), physAddr, Access.KERNEL_WRITE, who);
    }
  }

  /** A page that is nobody's. */
  private static long freePage(KernRig rig) {
    long physAddr = rig.machine().frames().alloc(0, 0);
    rig.machine().frames().free(physAddr, 0);
    return physAddr;
  }

  @Clause(
      id = "KERN-02",
      text = "From a process's own root, hardware finds all memory in order, for the kernel alone",
      source = "kernel: init_memory_mapping, map_mem, radix_init_pgtable; PAGE_KERNEL",
      check = "LinearMap, KernelSpace.mapAll; pgprot of PAGE_KERNEL; the layout's linear map")
  static void hardwareFindsTheLinearMap(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace before = rig.process(0);
    rig.kernel();
    AddressSpace after = rig.process(1);
    for (AddressSpace process : List.of(before, after)) {
      ReferenceReader reader = rig.reader(process.pageTable());
      for (long physAddr : rig.samples()) {
        long va = rig.linearVa(physAddr);
        List<Entry> path = reader.path(va);
        long found = reader.translate(va);
        c.checkVa(found == physAddr, va, ClauseContext.hex(physAddr), found);
        judgeLeaf(c, rig, path.getLast());
      }
    }
  }

  private static void judgeLeaf(ClauseContext c, KernRig rig, Entry leaf) {
    int kernel = Rights.KERNEL_READ | Rights.KERNEL_WRITE;
    int rights =
        c.format().effectiveRights(leaf.rights() & c.format().rights(leaf.raw(), leaf.level()));
    boolean exec = (rights & Rights.KERNEL_EXEC) != 0 && c.has(MmuFeature.NO_EXECUTE);
    c.checkVa(
        (rights & kernel) == kernel && !Rights.user(rights) && !exec,
        leaf.level(),
        leaf.va(),
        leaf.raw(),
        "to read and write for the kernel alone",
        GoldenRows.letters(rights));
    boolean global = c.format().global(leaf.raw(), leaf.level());
    c.checkVa(
        global == c.has(MmuFeature.GLOBAL_PAGES),
        leaf.level(),
        leaf.va(),
        leaf.raw(),
        "global where pages can be",
        global);
    Level largest = largestLeaf(c, rig.machine().memory().sizeBytes());
    c.checkVa(
        leaf.level() == largest, leaf.va(), "a leaf of the " + largest + " level", leaf.level());
  }

  /** Memory begins at 0 and ends at a power of two, so that it is whole leaves. */
  private static Level largestLeaf(ClauseContext c, long memoryBytes) {
    return c.leafLevels().stream()
        .filter(level -> level.compareTo(Level.PMD) >= 0 || !c.has(MmuFeature.SEGMENTS))
        .filter(level -> Samples.spanBytes(c.geometry(), level) <= memoryBytes)
        .findFirst()
        .orElseThrow();
  }

  @Clause(
      id = "KERN-03",
      text =
          "User code reaches nothing of the kernel's, whatever CPUs have cached, and no fault helps",
      source = "kernel: bad_area_nosemaphore, is_kernel_addr; _PAGE_USER, AP[1], PRIVILEGED",
      check = "pgprot of kernel protections, mkTable's owner; PageFaults.handle")
  static void usersAreKeptOut(ClauseContext c) {
    KernRig rig = new KernRig(c);
    KernelSpace kernel = rig.kernel();
    long free = kernel.areas().vmalloc().lastVa() & -c.geometry().pageBytes();
    List<Long> addresses =
        List.of(rig.linearVa(0), rig.linearVa(freePage(rig)), kernel.vmalloc(1), free);
    AddressSpace process = rig.process(0);
    for (long va : addresses) {
      rig.faults(rig.cpu(0), va, Access.USER_READ, "a process");
      rig.cpu(0).access(va, Access.KERNEL_READ);
      for (Access access : List.of(Access.USER_READ, Access.USER_WRITE, Access.USER_EXEC)) {
        rig.faults(rig.cpu(0), va, access, "a process, after the kernel's access");
        FaultStatus status = process.fault(va, access);
        c.checkVa(status == FaultStatus.NOT_PERMITTED, va, access + " to be not permitted", status);
      }
      UserCpu user = new UserCpu(process, 0);
      ends(c, va, () -> user.load(va));
      ends(c, va, () -> user.store(va, (byte) 1));
      ends(c, va, () -> user.fetch(va));
      if (c.has(MmuFeature.NO_EXECUTE)) {
        rig.faults(rig.cpu(0), va, Access.KERNEL_EXEC, "a process");
      }
    }
  }

  private static void ends(ClauseContext c, long va, Runnable access) {
    try {
      access.run();
    } catch (SegmentationFaultException e) {
      return;
    }
    throw c.failure(
        " va=" + ClauseContext.hex(va), "a segmentation fault", "an access that went through");
  }

  @Clause(
      id = "KERN-04",
      text =
          "Operations of processes refuse the kernel's addresses in one line, and change nothing",
      source = "kernel: TASK_SIZE in get_unmapped_area, do_vmi_munmap, access_ok",
      check = "VaLayout.userRegion; PageTable.requireRange and PteCursor.keepOut")
  static void operationsRefuse(ClauseContext c) {
    KernRig rig = new KernRig(c);
    KernelSpace kernel = rig.kernel();
    long page = c.geometry().pageBytes();
    long va = kernel.vmalloc(page);
    long first = kernel.areas().all().firstVa();
    AddressSpace process = rig.process(0);
    long counted = kernel.tableCounts().total();
    for (long at : List.of(va, first, rig.linearVa(0), kernel.areas().all().lastVa() + 1 - page)) {
      KernRefusals.all(process, at, page).forEach(c::refused);
    }
    long physAddr = rig.reader(kernel.pageTable()).translate(va);
    rig.reaches(rig.cpu(0), va, physAddr, Access.KERNEL_READ, "a process");
    long now = kernel.tableCounts().total();
    c.check(counted == now, counted + " tables of the kernel", now);
  }

  @Clause(
      id = "KERN-05",
      text = "The end of a process, exec and fork leave the kernel's half whole",
      source = "kernel: pgd_dtor, free_pgtables, exit_mmap",
      check = "PageTable.close: what it lets go of first; CpuSet.retire")
  static void theEndLeavesItWhole(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace before = rig.process(0);
    KernelSpace kernel = rig.kernel();
    long va = kernel.vmalloc(rig.manyBytes());
    AddressSpace child = before.fork();
    AddressSpace survivor = rig.process(1);
    String whole = contents(rig, kernel);
    before.exec();
    AddressSpace passing = rig.process(0);
    long ofPassing = passing.counters().tables().total();
    long now = rig.system().tablesInUse() - ofPassing;
    passing.close();
    long ended = rig.system().tablesInUse();
    c.check(now == ended, now + " tables after the end of one that came and went", ended);
    before.close();
    child.close();
    // Whatever was given back is somebody else's soon, and written.
    for (int i = 0; i < 4; i++) {
      rig.process(0);
    }
    String found = contents(rig, kernel);
    c.check(whole.equals(found), "the kernel's tables as they were: " + whole, found);
    long physAddr = rig.reader(survivor.pageTable()).translate(va);
    rig.reaches(rig.cpu(1), va, physAddr, Access.KERNEL_READ, "a process that goes on");
    judgeLinear(rig, 1, "a process that goes on");
    judgeLinear(rig, 0, "a new process");
  }

  /** What the kernel's own root leads to, as one line that says where it differs. */
  private static String contents(KernRig rig, KernelSpace kernel) {
    VaRegion all = kernel.areas().all();
    ReferenceReader.Contents found = rig.reader(kernel.pageTable()).contents();
    long sum = 0;
    List<String> tables = new ArrayList<>();
    for (Entry entry : found.entries()) {
      if (all.contains(entry.va())) {
        // Where a hash table's entry is noted changes as CPUs come by.
        long what = entry.leaf() ? rig.physAddr(entry) : entry.raw();
        sum = 31 * sum + entry.va() + 7 * what;
      }
    }
    found
        .tables()
        .forEach(table -> tables.add(table.level() + "@" + Long.toHexString(table.tableAddr())));
    return "%d entries, sum %x, %d tables from %s"
        .formatted(found.entries().size(), sum, tables.size(), tables.getFirst());
  }

  @Clause(
      id = "KERN-06",
      text = "The kernel's tables count once, and for no process",
      source = "kernel: mm_inc_nr_ptes is not called for init_mm; NR_PAGETABLE counts all",
      check = "PageTable.adoptKernelHalf: what it counts; where KernelSpace hooks tables")
  static void tablesCountOnce(ClauseContext c) {
    KernRig rig = new KernRig(c);
    AddressSpace before = rig.process(0);
    AddressSpace other = rig.process(1);
    KernelSpace kernel = rig.kernel();
    balances(c, rig, "when it was made");
    long bytes = other.counters().tables().bytes();
    AddressSpace after = rig.system().create();
    long roots = after.counters().tables().total();
    c.check(roots == 1, "one table, its root, of a new process", roots);
    long own = kernel.tableCounts().total();
    long va = kernel.vmalloc(rig.manyBytes());
    balances(c, rig, "after vmalloc");
    long now = other.counters().tables().bytes();
    c.check(bytes == now, bytes + " bytes of tables of a process after vmalloc", now);
    c.check(
        kernel.tableCounts().total() > own || c.realLevels().size() == 1,
        "more than %d tables of the kernel".formatted(own),
        kernel.tableCounts().total());
    for (AddressSpace process : List.of(before, other, after)) {
      rig.touch(process, 0);
      rig.cpu(0).access(va, Access.KERNEL_READ);
    }
    balances(c, rig, "after processes ran");
    kernel.vfree(va);
    long freed = kernel.tableCounts().total();
    c.check(freed == own, own + " tables of the kernel after vfree", freed);
    before.close();
    balances(c, rig, "after a process ended");
  }

  private static void balances(ClauseContext c, KernRig rig, String when) {
    long expected = rig.kernel().tableCounts().total();
    for (AddressSpace process : rig.system().spaces()) {
      expected += process.counters().tables().total();
    }
    long found = rig.system().tablesInUse();
    c.check(expected == found, "%d tables in all %s".formatted(expected, when), found);
  }

  @Clause(
      id = "KERN-07",
      text = "No kernel address is in a segment of a process's, nor do two processes change that",
      source = "kernel: get_kernel_context, MIN_USER_CONTEXT in mmu-hash.h; get_kernel_vsid (2006)",
      check =
          "SegmentMap.segment for the kernel's addresses, and where contexts of processes begin",
      requires = MmuFeature.SEGMENTS)
  static void segmentsAreApart(ClauseContext c) {
    KernRig rig = new KernRig(c);
    SegmentMap segments = c.variant().segmentMap();
    List<AddressSpace> processes = List.of(rig.system().create(), rig.system().create());
    VaRegion user = c.geometry().vaLayout().userRegion();
    List<Long> kernels = new ArrayList<>();
    for (VaRegion area :
        List.of(rig.kernel().areas().linearMap(), rig.kernel().areas().vmalloc())) {
      for (int i = 0; i < 64; i++) {
        kernels.add(area.firstVa() + c.random().nextLong(area.lastVa() - area.firstVa()));
      }
    }
    for (long va : kernels) {
      long segment = segments.segment(rig.kernel().context().id(), va);
      for (AddressSpace process : processes) {
        long seen = segments.segment(process.context().id(), va);
        c.checkVa(seen == segment, va, "segment " + ClauseContext.hex(segment), seen);
        long userVa = user.firstVa() + c.random().nextLong(user.lastVa() - user.firstVa());
        long own = segments.segment(process.context().id(), userVa);
        c.checkVa(own != segment, userVa, "another segment than the kernel's", own);
      }
    }
  }

  @Clause(
      id = "KERN-08",
      text = "physToVirt and virtToPhys undo each other, and refuse what is not in the linear map",
      source = "kernel: __va, __pa, virt_addr_valid",
      check = "LinearMap.requireVirt and requirePhys")
  static void linearAddresses(ClauseContext c) {
    KernRig rig = new KernRig(c);
    KernelSpace kernel = rig.kernel();
    for (long physAddr : rig.samples()) {
      long va = kernel.physToVirt(physAddr);
      c.checkVa(va == rig.linearVa(physAddr), va, "its place in the linear map", va);
      long back = kernel.virtToPhys(va);
      c.checkVa(back == physAddr, va, ClauseContext.hex(physAddr), back);
    }
    long bytes = rig.machine().memory().sizeBytes();
    c.refused("physToVirt behind memory", () -> kernel.physToVirt(bytes));
    c.refused("physToVirt of -1", () -> kernel.physToVirt(-1));
    c.refused("virtToPhys behind memory", () -> kernel.virtToPhys(rig.linearVa(bytes)));
    c.refused("virtToPhys of a user address", () -> kernel.virtToPhys(0));
    long va = kernel.vmalloc(1);
    c.refused("virtToPhys of a vmalloc address", () -> kernel.virtToPhys(va));
  }

  @Clause(
      id = "KERN-09",
      text =
          "Where a variant does not say which addresses are the kernel's, there is no kernel half",
      source = "the SPI: VaLayout.kernelHalf",
      check = "MmSystem.kernel")
  static void refusedWhereUnsaid(ClauseContext c) {
    if (c.geometry().vaLayout().kernelHalf().isPresent()) {
      KernelHalf half = c.geometry().vaLayout().kernelHalf().get();
      boolean kernels = c.geometry().vaLayout().isKernel(half.areas().vmalloc().firstVa());
      c.check(kernels, "vmalloc to be the kernel's", half);
      boolean users =
          c.geometry().vaLayout().isKernel(c.geometry().vaLayout().userRegion().lastVa());
      c.check(!users, "the last user address not to be the kernel's", half);
      return;
    }
    MmSystem system = new MmSystem(c.variant(), c.machine().frames(), 1);
    c.refused("the kernel's half", system::kernel);
    c.check(!system.hasKernel(), "none", "one");
  }

  @Clause(
      id = "KERN-15",
      text = "The kernel's addresses, and how all come to have them, are those of that kernel",
      source = "golden rows: the kernel's headers and its table of virtual memory",
      check = "the port's KernelHalf against golden/<port>-kernel.tsv and the kernel's headers")
  static void goldenAreas(ClauseContext c) {
    String id = c.variant().id();
    String name = id.substring(0, id.indexOf('/')) + "-kernel";
    List<String> expected =
        GoldenFile.read(name, 8).rows().stream()
            .filter(row -> row.getFirst().equals(id))
            .findFirst()
            .orElseThrow(
                () ->
                    c.notApplicable(
                        "no row of %s on the class path; add org/mmport/conformance/golden/%s.tsv"
                            .formatted(id, name)));
    List<String> found = new ArrayList<>(List.of(id));
    c.geometry().vaLayout().kernelHalf().ifPresent(half -> describe(half, found));
    c.check(expected.equals(found), String.join(" ", expected), String.join(" ", found));
  }

  private static void describe(KernelHalf half, List<String> row) {
    row.add(
        switch (half) {
          case KernelHalf.CopiedRootEntries copied -> "COPIED " + copied.upkeep();
          case KernelHalf.OwnRoot own -> "OWN";
        });
    KernelAreas areas = half.areas();
    for (VaRegion area : List.of(areas.all(), areas.linearMap(), areas.vmalloc())) {
      row.add("0x" + Long.toHexString(area.firstVa()));
      row.add("0x" + Long.toHexString(area.lastVa()));
    }
  }
}

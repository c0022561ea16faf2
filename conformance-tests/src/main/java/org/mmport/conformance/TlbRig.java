package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.mmport.cpu.Access;
import org.mmport.cpu.AccessResult;
import org.mmport.cpu.Cpu;
import org.mmport.cpu.CpuSet;
import org.mmport.cpu.FaultKind;
import org.mmport.cpu.MmContext;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/**
 * Two CPUs and a few address spaces, in which what is owed reaches the CPUs as the clause's context
 * says.
 */
final class TlbRig {
  /** Where data is said to be: behind all memory that tables can be in. */
  private static final long DATA = 1L << 30;

  /** Those below 16 are the kernel's own where segments are numbered by them. */
  private static final long FIRST_CONTEXT = 100;

  private final ClauseContext c;
  private final Machine machine;
  private final CpuSet cpus;
  private final List<Space> spaces = new ArrayList<>();

  /** Which address space each CPU runs. */
  private final int[] running = new int[2];

  /** An address space. */
  record Space(PageTable table, MmContext context, ReferenceReader reader) {}

  TlbRig(ClauseContext c, int spaceCount) {
    this.c = c;
    this.machine = c.machine();
    this.cpus = new CpuSet(c.variant(), machine.frames(), running.length);
    for (int i = 0; i < spaceCount; i++) {
      PageTable table = machine.pageTable(TableOwner.USER);
      MmContext context = MmContext.of(FIRST_CONTEXT + i, table);
      ReferenceReader reader = new ReferenceReader(c, machine.bytes(), context.roots());
      spaces.add(new Space(table, context, reader));
    }
    for (int i = 0; i < cpus.size(); i++) {
      load(i, 0);
    }
  }

  Machine machine() {
    return machine;
  }

  CpuSet cpus() {
    return cpus;
  }

  Cpu cpu(int index) {
    return cpus.cpu(index);
  }

  PageTable table(int space) {
    return spaces.get(space).table();
  }

  MmContext context(int space) {
    return spaces.get(space).context();
  }

  ReferenceReader reader(int space) {
    return spaces.get(space).reader();
  }

  /** Where data for an address lies, aligned as it is for leaves of a level. */
  long data(long va, Level largest) {
    long span = Samples.spanBytes(c.geometry(), largest);
    long base = (DATA + span - 1) & -span;
    return base + (va & (span - 1));
  }

  /** An address in the first region that a leaf of a level can map, with room for more. */
  long va(Level level) {
    long span = Samples.spanBytes(c.geometry(), level);
    var region = c.geometry().vaLayout().regions().getFirst();
    long va = (region.firstVa() + span - 1) & -span;
    long next = va + span;
    return region.contains(next + span - 1) ? next : va;
  }

  /** Has a CPU run an address space. */
  void load(int cpu, int space) {
    running[cpu] = space;
    cpu(cpu).load(context(space));
  }

  /** Which address space a CPU runs. */
  int running(int cpu) {
    return running[cpu];
  }

  /** Mapped before anything is cached: nothing is flushed, but CPUs load their roots anew. */
  void given(int space, long va, long sizeBytes, Protection protection, Level largest) {
    given(space, va, data(va, largest), sizeBytes, protection, largest);
  }

  void given(
      int space, long va, long physAddr, long sizeBytes, Protection protection, Level largest) {
    changeUnflushed(space, g -> table(space).map(va, physAddr, sizeBytes, protection, largest, g));
    for (int i = 0; i < cpus.size(); i++) {
      load(i, running[i]);
    }
  }

  /** Makes leaves young, where nothing could be reached through them else. */
  private void settle(int space) {
    if (c.has(MmuFeature.HW_ACCESSED) || c.has(MmuFeature.HASHED)) {
      return;
    }
    for (ReferenceReader.Entry entry : reader(space).contents().entries()) {
      if (entry.leaf()) {
        long young = c.format().mkYoung(entry.raw(), entry.level());
        machine.bytes().store(entry.entryAddr(), young);
      }
    }
  }

  /** Given, with something behind it that keeps the tables when it goes. */
  void givenAmongOthers(int space, long va, long bytes, Protection protection, Level level) {
    long page = c.geometry().pageBytes();
    given(space, va, bytes, protection, level);
    if (c.geometry().vaLayout().regionOf(va).orElseThrow().contains(va + bytes + page - 1)) {
      given(space, va + bytes, page, protection, Level.PTE);
    }
  }

  // Changes, with what they owe paid as the context says.

  void map(int space, long va, long sizeBytes, Protection protection, Level largest) {
    map(space, va, data(va, largest), sizeBytes, protection, largest);
  }

  void map(
      int space, long va, long physAddr, long sizeBytes, Protection protection, Level largest) {
    change(space, g -> table(space).map(va, physAddr, sizeBytes, protection, largest, g));
  }

  void unmap(int space, long va, long sizeBytes) {
    change(space, g -> table(space).unmap(va, sizeBytes, g));
  }

  void protect(int space, long va, long sizeBytes, Protection protection) {
    change(space, g -> table(space).protect(va, sizeBytes, protection, g));
  }

  void change(int space, Consumer<MmuGather> change) {
    try (MmuGather gather = table(space).gather(c.cpuFlushes().flusher(cpus, context(space)))) {
      change.accept(gather);
      gather.flush();
    }
    settle(space);
  }

  /** The same with nothing paid. */
  void changeUnflushed(int space, Consumer<MmuGather> change) {
    try (MmuGather gather = table(space).gather(request -> {})) {
      change.accept(gather);
      gather.flush();
    }
    settle(space);
  }

  // Judgements.

  /** What tables say now, by a reader that CPUs do not use: a physical address, or -1. */
  long expected(int space, long va, Access access) {
    List<ReferenceReader.Entry> path = reader(space).path(va);
    boolean granted =
        !path.isEmpty() && path.getLast().leaf() && (path.getLast().rights() & access.right()) != 0;
    return granted ? reader(space).translate(va) : -1;
  }

  /** An access must end as tables say now. */
  void judge(int cpu, int space, long va, Access access, String when) {
    long expected = expected(space, va, access);
    long found = cpu(cpu).translate(va, access);
    if (found != expected) {
      String how = found < 0 ? cpu(cpu).fault().toString() : ClauseContext.hex(found);
      String wanted = expected < 0 ? "a fault" : ClauseContext.hex(expected);
      c.checkVa(false, va, "%s of CPU %d %s: %s".formatted(access, cpu, when, wanted), how);
    }
  }

  /** An access must go through, and to this address. */
  void reaches(int cpu, long va, Access access, long physAddr, String when) {
    AccessResult result = cpu(cpu).access(va, access);
    c.checkVa(
        result.equals(new AccessResult.Done(physAddr)),
        va,
        "%s of CPU %d %s at %s".formatted(access, cpu, when, ClauseContext.hex(physAddr)),
        result);
  }

  /** An access must fault in this way. */
  void faults(int cpu, long va, Access access, FaultKind kind, String when) {
    AccessResult result = cpu(cpu).access(va, access);
    boolean right = result instanceof AccessResult.Fault fault && fault.kind() == kind;
    c.checkVa(
        right, va, "%s of CPU %d %s to fault as %s".formatted(access, cpu, when, kind), result);
  }

  /** How many accesses the TLBs did not serve while something was done. */
  long missesOf(Runnable work) {
    long before = cpus.counts().tlbMisses();
    work.run();
    return cpus.counts().tlbMisses() - before;
  }

  /**
   * The levels whose leaves CPUs can use. Those of 16 GiB must lie in segments of that base page
   * size where translations are hashed, which software here gives to none.
   */
  static List<Level> levels(ClauseContext c) {
    boolean hashed = c.has(MmuFeature.HASHED);
    return c.leafLevels().stream().filter(l -> !hashed || l.compareTo(Level.PUD) > 0).toList();
  }

  static Level randomLevel(ClauseContext c) {
    List<Level> levels = levels(c);
    return levels.get(c.random().nextInt(levels.size()));
  }

  /** Accesses that mean the same in tables and in what is made of them. */
  List<Access> accesses() {
    return c.has(MmuFeature.HASHED)
        ? List.of(Access.USER_READ, Access.USER_WRITE)
        : List.of(Access.values());
  }

  /** Protections, likewise: a hash table's entries can be read whatever else they are. */
  static List<Protection> protections(ClauseContext c) {
    return c.has(MmuFeature.HASHED)
        ? List.of(Protection.PAGE_READONLY, Protection.PAGE_SHARED, Protection.PAGE_COPY)
        : Samples.USER;
  }
}

package org.mmport.conformance;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.mmport.cpu.Access;
import org.mmport.cpu.AccessResult;
import org.mmport.cpu.Cpu;
import org.mmport.cpu.StaleTranslationException;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.KernelSpace;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.PagingGeometry;

/** A machine with processes on two CPUs, for clauses about the kernel's half. */
final class KernRig {
  static final int CPUS = 2;

  private final ClauseContext c;
  private final Machine machine;
  private final MmSystem system;
  private final PagingGeometry geometry;

  /** Not applicable where the variant does not say which addresses are the kernel's. */
  KernRig(ClauseContext c) {
    this.c = c;
    this.geometry = c.geometry();
    if (geometry.vaLayout().kernelHalf().isEmpty()) {
      throw c.notApplicable(c.variant().id() + " does not say which addresses are the kernel's");
    }
    this.machine = c.machine();
    this.system = new MmSystem(c.variant(), machine.frames(), CPUS);
  }

  Machine machine() {
    return machine;
  }

  MmSystem system() {
    return system;
  }

  /** The kernel's half, kept up as the context says. */
  KernelSpace kernel() {
    return system.kernel(c.kernelUpkeep());
  }

  Cpu cpu(int index) {
    return system.cpus().cpu(index);
  }

  /** A process with a page that it has written. */
  AddressSpace process(int onCpu) {
    AddressSpace process = system.create();
    touch(process, onCpu);
    return process;
  }

  /** Has a process run on a CPU, and write a page of its own. */
  void touch(AddressSpace process, int onCpu) {
    long va = process.mmap(MmapRequest.anonymous(geometry.pageBytes(), VmaRights.READ_WRITE));
    new UserCpu(process, onCpu).store(va, (byte) 1);
  }

  /** What a CPU makes of a kernel address in kernel mode, whatever it runs. */
  void reaches(Cpu cpu, long va, long physAddr, Access access, String who) {
    AccessResult result = access(cpu, va, access, who);
    c.checkVa(
        result instanceof AccessResult.Done done && done.physAddr() == physAddr,
        va,
        "%s on CPU %d in %s to reach physical 0x%x".formatted(access, cpu.index(), who, physAddr),
        result);
  }

  /** That a CPU finds nothing there, or nothing for that. */
  void faults(Cpu cpu, long va, Access access, String who) {
    AccessResult result = access(cpu, va, access, who);
    c.checkVa(
        result instanceof AccessResult.Fault,
        va,
        "%s on CPU %d in %s to fault".formatted(access, cpu.index(), who),
        result);
  }

  private AccessResult access(Cpu cpu, long va, Access access, String who) {
    try {
      return cpu.access(va, access);
    } catch (StaleTranslationException e) {
      throw c.failure(" va=" + ClauseContext.hex(va), "no stale translation in " + who, e);
    }
  }

  /** Writes a byte on one CPU and has another one read it. */
  void carries(Cpu writer, Cpu reader, long va, int value) {
    byte[] found = new byte[1];
    boolean written =
        writer.perform(
            va,
            Access.KERNEL_WRITE,
            at -> machine.memory().slice(at, 1).set(ValueLayout.JAVA_BYTE, 0, (byte) value));
    boolean read =
        reader.perform(
            va,
            Access.KERNEL_READ,
            at -> found[0] = machine.memory().slice(at, 1).get(ValueLayout.JAVA_BYTE, 0));
    c.checkVa(
        written && read && found[0] == (byte) value,
        va,
        "%d from CPU %d to CPU %d".formatted(value, writer.index(), reader.index()),
        "%s, %s, %d".formatted(written, read, found[0]));
  }

  /** Reads tables from roots of somebody's, by nothing of the core. */
  ReferenceReader reader(PageTable tables) {
    List<Long> roots = new ArrayList<>();
    for (int i = 0; i < geometry.vaLayout().roots(); i++) {
      roots.add(tables.root(i));
    }
    return new ReferenceReader(c, machine.bytes(), roots);
  }

  /** What a leaf maps. */
  long physAddr(ReferenceReader.Entry leaf) {
    return c.format().physAddr(leaf.raw(), leaf.level());
  }

  /** Physical addresses all over memory: its first and last page, and some between. */
  List<Long> samples() {
    long page = geometry.pageBytes();
    long pages = machine.memory().sizeBytes() / page;
    List<Long> samples = new ArrayList<>(List.of(0L, (pages - 1) * page));
    for (int i = 0; i < 6; i++) {
      samples.add(c.random().nextLong(pages) * page + c.random().nextLong(page));
    }
    return samples;
  }

  /** Where the linear map has memory, which begins at 0 here: counted without the core. */
  long linearVa(long physAddr) {
    return kernel().areas().linearMap().firstVa() + physAddr;
  }

  /** Enough bytes to need two tables of the last level, where those are not too large. */
  long manyBytes() {
    return (Math.min(geometry.at(c.realLevels().getLast()).entries(), 1024) + 1L)
        * geometry.pageBytes();
  }
}

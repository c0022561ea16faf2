package org.mmport.conformance;

import java.util.Optional;
import org.mmport.cpu.Access;
import org.mmport.cpu.AccessResult;
import org.mmport.cpu.Cpu;
import org.mmport.interleave.ForwardingSteps;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;

/**
 * Has a CPU that knew a leaf try it at each change of a table while another table is where the leaf
 * was: it must not get through, where that table has nothing for the address. What CPUs make of a
 * leaf and a table at once is not said (Arm ARM D8.16; erratum 383 of AMD's family 10h; comment in
 * __split_huge_pmd_locked() of mm/huge_memory.c).
 */
final class LeafWatch extends ForwardingSteps {
  private Optional<Watched> watched = Optional.empty();
  private boolean trying;
  private int tried;
  private boolean gotThrough;

  LeafWatch() {
    super(Steps.NONE);
  }

  /** An entry above the last level, and an address for which a table in it has nothing. */
  private record Watched(
      PhysicalMemory.Extent memory, ReferenceReader reader, long entryAddr, long va, Cpu cpu) {
    boolean isOf(long hostAddr) {
      long physAddr = memory.base() + (hostAddr - memory.bytes().address());
      return physAddr >= entryAddr && physAddr < entryAddr + Long.BYTES;
    }

    boolean hasTable() {
      return reader.path(va).stream()
          .anyMatch(entry -> entry.table() && entry.entryAddr() == entryAddr);
    }
  }

  /** The leaf at an address of a process, from now on. */
  void watch(ClauseContext c, Scene scene, String process, long va, int cpu) {
    PhysicalMemory memory = scene.bench().memory();
    ReferenceReader reader =
        new ReferenceReader(
            c, new EntryBytes(memory, c.geometry()), scene.process(process).context().roots());
    watched =
        Optional.of(
            new Watched(
                memory.mainExtent(),
                reader,
                reader.path(va).getLast().entryAddr(),
                va,
                scene.bench().system().cpus().cpu(cpu)));
  }

  /** No longer. */
  void end() {
    watched = Optional.empty();
  }

  /** How many times the CPU tried. */
  int tried() {
    return tried;
  }

  /** Whether it got through. */
  boolean gotThrough() {
    return gotThrough;
  }

  @Override
  public void entry(Kind kind, long hostAddr) {
    if (trying || kind == Kind.LOAD || watched.isEmpty() || watched.get().isOf(hostAddr)) {
      return;
    }
    trying = true;
    if (watched.get().hasTable()) {
      tried++;
      gotThrough |=
          watched.get().cpu().access(watched.get().va(), Access.USER_READ)
              instanceof AccessResult.Done;
    }
    trying = false;
  }
}

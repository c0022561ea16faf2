package org.mmport.replay;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mmport.cpu.Cpu;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FilePages;
import org.mmport.mm.MemoryStorage;
import org.mmport.mm.MmSystem;
import org.mmport.scenario.CountKeeper;
import org.mmport.scenario.EntryCounts;
import org.mmport.spi.MmuVariant;

/** A machine of a variant for one replay, with the files that it knows by path. */
final class ReplayMachine implements AutoCloseable {
  /** 2 GiB of pages of 4 KiB; untouched they cost nothing. */
  private static final long FRAMES = 1L << 19;

  private static final int CPUS = 2;

  /** Traces do not say how large a file is; accesses beyond its end are not replayed. */
  private static final long FILE_PAGES = 1L << 40;

  private final PhysicalMemory memory;
  private final MmSystem system;
  private final CountKeeper keeper;
  private final Map<String, FilePages> filesByPath = new HashMap<>();
  private final @Nullable AddressSpace[] running = new AddressSpace[CPUS];

  ReplayMachine(MmuVariant variant) {
    int pageShift = variant.geometry().pageShift();
    EntryCounts entries = new EntryCounts(variant);
    this.memory = PhysicalMemory.ofSize(FRAMES << pageShift, entries);
    FrameAllocator frames = FrameAllocator.singleNode(memory, pageShift);
    this.system = new MmSystem(variant, frames, CPUS);
    this.keeper = new CountKeeper(system, entries);
  }

  MmSystem system() {
    return system;
  }

  CountKeeper keeper() {
    return keeper;
  }

  long pageBytes() {
    return system.variant().geometry().pageBytes();
  }

  long memoryBytes() {
    return memory.sizeBytes();
  }

  /** The CPU of a number, with an address space loaded; one of a few, in turn. */
  Cpu run(int number, AddressSpace space) {
    int index = number % CPUS;
    Cpu cpu = system.cpus().cpu(index);
    if (running[index] != space) {
      cpu.load(space.context());
      running[index] = space;
    }
    return cpu;
  }

  FilePages file(String path) {
    return filesByPath.computeIfAbsent(path, p -> newFile());
  }

  FilePages newFile() {
    return system.createFile(new MemoryStorage(), FILE_PAGES);
  }

  @Override
  public void close() {
    memory.close();
  }
}

package org.mmport.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Registers;

/**
 * A memory dump: physical memory in a file, and what the file says of the machine besides.
 *
 * <p>ELF cores may be 32-bit or 64-bit and of either byte order, whatever the machine. A core that
 * is cut short opens with the memory that is there; {@link #warnings()} says what is missing. Any
 * other file is raw memory from physical address 0.
 */
public final class MemoryDump implements AutoCloseable {
  /** Formats that are memory dumps, but neither ELF nor raw: reading them as raw would mislead. */
  private static final Map<String, String> FOREIGN_SIGNATURES =
      Map.of(
          "KDUMP   ", "a compressed kdump",
          "makedump", "a flattened makedumpfile dump",
          "QEVM", "a QEMU migration stream",
          "EMiL", "a LiME dump",
          "PAGEDU64", "a Windows crash dump",
          "PAGEDUMP", "a Windows crash dump");

  private final PhysicalMemory memory;
  private final String format;
  private final OptionalInt elfMachine;
  private final List<ElfNote> notes;
  private final List<Registers> cpus;
  private final Optional<VmcoreInfo> vmcoreInfo;
  private final List<String> warnings;

  private MemoryDump(
      PhysicalMemory memory,
      String format,
      OptionalInt elfMachine,
      List<ElfNote> notes,
      List<Registers> cpus,
      Optional<VmcoreInfo> vmcoreInfo,
      List<String> warnings) {
    this.memory = memory;
    this.format = format;
    this.elfMachine = elfMachine;
    this.notes = notes;
    this.cpus = cpus;
    this.vmcoreInfo = vmcoreInfo;
    this.warnings = warnings;
  }

  /**
   * Opens an ELF core, or else raw memory from physical address 0.
   *
   * @param architectures who knows where registers lie in a core's notes
   * @throws BadDumpException when the file cannot be read, or its headers make no sense
   */
  public static MemoryDump open(Path path, List<Architecture> architectures) {
    Arena arena = Arena.ofShared();
    try {
      return read(DumpFile.map(path, arena), architectures, arena);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** The same with a file that is mapped already, and unmapped with the arena. */
  static MemoryDump read(DumpFile file, List<Architecture> architectures, Arena arena) {
    if (ElfHeader.hasMagic(file)) {
      return core(file, architectures, arena);
    }
    refuseForeign(file);
    return raw(file, 0, arena);
  }

  /**
   * Opens any file as raw memory, ELF or not.
   *
   * @param base physical address of the file's first byte
   * @throws InvalidRequestException when memory from there would end above 2^63
   * @throws BadDumpException when the file cannot be read
   */
  public static MemoryDump openRaw(Path path, long base) {
    Arena arena = Arena.ofShared();
    try {
      return raw(DumpFile.map(path, arena), base, arena);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  public PhysicalMemory memory() {
    return memory;
  }

  /**
   * Registers of the first CPU, as far as a port knows where they are, and the numbers of
   * VMCOREINFO.
   */
  public Registers registers() {
    return registers(0);
  }

  /**
   * The same for any CPU, by its position in the dump. CPU 0 may be asked for even where the dump
   * tells of none.
   */
  public Registers registers(int cpu) {
    if (cpu < 0 || cpu >= Math.max(1, cpus.size())) {
      throw new InvalidRequestException(
          "CPU " + cpu + ": the dump has registers of " + cpus.size() + " CPUs, counted from 0");
    }
    Registers ofCpu = cpus.isEmpty() ? Registers.NONE : cpus.get(cpu);
    return vmcoreInfo.map(info -> new Registers(info.numbers()).and(ofCpu)).orElse(ofCpu);
  }

  /** CPUs whose registers were found. */
  public int cpus() {
    return cpus.size();
  }

  public List<ElfNote> notes() {
    return notes;
  }

  /** {@code e_machine}; empty for raw memory. */
  public OptionalInt elfMachine() {
    return elfMachine;
  }

  public Optional<VmcoreInfo> vmcoreInfo() {
    return vmcoreInfo;
  }

  /**
   * Searches all of memory, once, for what the kernel would have put into a VMCOREINFO note. For
   * dumps that have none: it takes a while, and what is found may be stale.
   *
   * @param progress told the bytes searched so far, now and then
   * @return every such text, by ascending address
   */
  public List<FoundVmcoreInfo> searchVmcoreInfo(LongConsumer progress) {
    return VmcoreInfoSearch.all(memory, progress);
  }

  /** What the file is, for people: {@code ELF64 little-endian core} or {@code raw memory}. */
  public String format() {
    return format;
  }

  /** What of the dump is missing or was left out, a line each; empty where it is whole. */
  public List<String> warnings() {
    return warnings;
  }

  /** Unmaps the file. Any access to its memory afterwards throws {@link IllegalStateException}. */
  @Override
  public void close() {
    memory.close();
  }

  private static MemoryDump raw(DumpFile file, long base, Arena arena) {
    PhysicalMemory.Extent extent = new PhysicalMemory.Extent(base, file.bytes());
    return new MemoryDump(
        PhysicalMemory.ofExtents(List.of(extent), arena),
        "raw memory",
        OptionalInt.empty(),
        List.of(),
        List.of(),
        Optional.empty(),
        List.of());
  }

  private static MemoryDump core(DumpFile raw, List<Architecture> architectures, Arena arena) {
    ElfHeader header = ElfHeader.read(raw);
    DumpFile file = raw.withOrder(header.order());
    DumpWarnings warnings = new DumpWarnings();
    NoteReader noteReader = new NoteReader(file, warnings);
    LoadedMemory loaded = new LoadedMemory(file, warnings);
    for (long i = 0; i < header.segments(); i++) {
      ElfSegment segment = ElfSegment.read(file, header, i);
      if (segment.type() == ElfSegment.PT_LOAD) {
        loaded.add(segment);
      } else if (segment.type() == ElfSegment.PT_NOTE) {
        noteReader.read(segment);
      }
    }
    List<PhysicalMemory.Extent> extents = loaded.extents();
    List<ElfNote> notes = noteReader.notes();
    List<CpuNote> kinds =
        architectures.stream()
            .flatMap(architecture -> architecture.cpuNotes().stream())
            .filter(kind -> kind.elfMachine() == header.machine())
            .toList();
    List<Registers> cpus = CpuRegisters.read(notes, kinds, header.order(), warnings);
    Optional<VmcoreInfo> info =
        notes.stream()
            .filter(note -> note.owner().equals(VmcoreInfo.OWNER))
            .findFirst()
            .map(note -> VmcoreInfo.parse(note.contents()));
    return new MemoryDump(
        PhysicalMemory.ofExtents(extents, arena),
        "%s %s core"
            .formatted(
                header.elfClass(),
                header.order() == ByteOrder.LITTLE_ENDIAN ? "little-endian" : "big-endian"),
        OptionalInt.of(header.machine()),
        notes,
        cpus,
        info,
        warnings.lines());
  }

  private static void refuseForeign(DumpFile file) {
    MemorySegment head = file.bytes().asSlice(0, Math.min(8, file.sizeBytes()));
    String start = new String(head.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    FOREIGN_SIGNATURES.forEach(
        (signature, what) -> {
          if (start.startsWith(signature)) {
            throw new BadDumpException(
                "%s: is %s ('%s' at offset 0x0); only ELF cores and raw memory are read: convert it first"
                    .formatted(file.path(), what, signature.trim()));
          }
        });
  }
}

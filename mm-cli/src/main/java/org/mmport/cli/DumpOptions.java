package org.mmport.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.mmport.image.MemoryDump;
import org.mmport.pgtable.TableWalker;
import org.mmport.spi.Architecture;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import picocli.CommandLine.Option;

/** Which dump, read how. The same for every command that reads one. */
final class DumpOptions {
  @Option(
      names = "--dump",
      required = true,
      paramLabel = "FILE",
      description = "memory dump: ELF core or raw memory")
  Path dump;

  @Option(
      names = "--arch",
      paramLabel = "VARIANT",
      completionCandidates = Ports.class,
      description =
          "how the tables are to be read; found from the dump's registers where it holds them")
  Optional<String> arch = Optional.empty();

  @Option(
      names = "--root",
      paramLabel = "PA",
      split = ",",
      converter = HexAddress.class,
      description =
          "physical address of the root table, one for each root of the variant; instead of the registers")
  List<Long> roots = new ArrayList<>();

  @Option(
      names = "--raw-base",
      paramLabel = "PA",
      converter = HexAddress.class,
      description = "read the file as raw memory whose first byte has this physical address")
  Optional<Long> rawBase = Optional.empty();

  @Option(
      names = "--registers",
      paramLabel = "FILE",
      description =
          "registers as gdb gives them, in JSON; for dumps that hold none, or the wrong CPU's")
  Optional<Path> registers = Optional.empty();

  @Option(
      names = "--set",
      paramLabel = "REGISTER=VALUE",
      description =
          "one register, in hexadecimal; wins over --registers, which wins over the dump: --set cr3=0x55ae000")
  Map<String, String> set = new TreeMap<>();

  @Option(
      names = "--slb",
      paramLabel = "FILE",
      description =
          "segments that the CPU had loaded, as QEMU's 'info tlb' prints them; reads the hash table of a hashed MMU")
  Optional<Path> slb = Optional.empty();

  @Option(
      names = "--cpu",
      paramLabel = "N",
      description = "take the registers of CPU N, from 0 (default: 0)")
  int cpu;

  /** A dump and what translates its addresses. */
  record Opened(MemoryDump dump, Tables tables, List<String> warnings) implements AutoCloseable {
    @Override
    public void close() {
      dump.close();
    }
  }

  Opened open(PrintWriter err) {
    List<Architecture> architectures = Ports.architectures();
    MemoryDump opened =
        rawBase.isPresent()
            ? MemoryDump.openRaw(dump, rawBase.get())
            : MemoryDump.open(dump, architectures);
    try {
      RootSearch.Found found = tables(opened, err);
      List<String> warnings = new ArrayList<>(opened.warnings());
      warnings.addAll(found.warnings());
      warnings.forEach(warning -> err.println("mmport: warning: " + warning));
      return new Opened(opened, found.tables(), warnings);
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private RootSearch.Found tables(MemoryDump opened, PrintWriter err) {
    arch.ifPresent(Ports::variant);
    if (!roots.isEmpty()) {
      MmuVariant variant =
          arch.map(Ports::variant)
              .orElseThrow(
                  () ->
                      new InvalidRequestException(
                          "--root without --arch: name the variant that the tables are of"));
      return new RootSearch.Found(
          new TreeTables(TableWalker.over(opened.memory(), variant, roots)), List.of());
    }
    RegisterFile file = registers.map(RegisterFile::read).orElse(RegisterFile.NONE);
    RootSearch search = new RootSearch(dump, opened, arch, cpu, file, given());
    return slb.isPresent()
        ? search.hashed(SlbFile.read(slb.get()))
        : search.trees(Progress.toTerminal(err, "x 16 MiB searched for VMCOREINFO", 16));
  }

  private Map<String, Long> given() {
    Map<String, Long> given = new TreeMap<>();
    set.forEach(
        (name, value) -> {
          try {
            given.put(RegisterFile.lower(name), HexAddress.parse(value));
          } catch (InvalidRequestException e) {
            throw new InvalidRequestException(
                "--set %s=%s: the value must be hexadecimal, up to 64 bits".formatted(name, value));
          }
        });
    return given;
  }
}

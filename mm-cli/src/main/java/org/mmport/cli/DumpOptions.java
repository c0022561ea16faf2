package org.mmport.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.mmport.image.MemoryDump;
import org.mmport.machine.RamView;
import org.mmport.pgtable.TableWalker;
import org.mmport.spi.Architecture;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Registers;
import org.mmport.spi.RootLookup;
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
      names = "--set",
      paramLabel = "REGISTER=VALUE",
      description = "a register that the dump does not hold, or holds wrongly: --set cr3=0x55ae000")
  Map<String, String> set = new TreeMap<>();

  @Option(
      names = "--cpu",
      paramLabel = "N",
      description = "take the registers of CPU N, from 0 (default: 0)")
  int cpu;

  /** A dump and the walker of its tables. */
  record Opened(MemoryDump dump, TableWalker walker) implements AutoCloseable {
    @Override
    public void close() {
      dump.close();
    }
  }

  Opened open() {
    List<Architecture> architectures = Ports.architectures();
    MemoryDump opened =
        rawBase.isPresent()
            ? MemoryDump.openRaw(dump, rawBase.get())
            : MemoryDump.open(dump, architectures);
    try {
      return new Opened(opened, walker(opened));
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private TableWalker walker(MemoryDump opened) {
    if (!roots.isEmpty()) {
      MmuVariant variant =
          arch.map(Ports::variant)
              .orElseThrow(
                  () ->
                      new InvalidRequestException(
                          "--root without --arch: name the variant that the tables are of"));
      return TableWalker.over(opened.memory(), variant, roots);
    }
    Map<String, Long> given = new TreeMap<>();
    set.forEach((name, value) -> given.put(name, HexAddress.parse(value)));
    Registers registers = opened.registers(cpu).and(new Registers(given));
    List<String> refusals = new ArrayList<>();
    for (MmuVariant variant :
        arch.map(id -> List.of(Ports.variant(id))).orElseGet(Ports::variants)) {
      switch (variant.rootFinder().find(registers, new RamView(opened.memory()))) {
        case RootLookup.Found found -> {
          return TableWalker.over(opened.memory(), variant, found.rootPhysAddrs());
        }
        case RootLookup.NotSelected not -> refusals.add(variant.id() + ": " + not.why());
      }
    }
    throw new InvalidRequestException(
        "%s (%s): no root of page tables found; give --arch and --root, or registers with --set. %s"
            .formatted(dump, opened.format(), String.join("; ", refusals)));
  }
}

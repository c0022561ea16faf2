package org.mmport.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.mmport.image.FoundVmcoreInfo;
import org.mmport.image.MemoryDump;
import org.mmport.machine.RamView;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.pgtable.TableWalker;
import org.mmport.spi.Architecture;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Registers;
import org.mmport.spi.RootLookup;

/**
 * Finds the tables of a dump from registers: what was set counts first, then the file, then the
 * dump's notes, then a VMCOREINFO found in memory.
 *
 * @param arch the variant asked for, if any
 * @param cpu whose registers, from 0
 */
record RootSearch(
    Path path,
    MemoryDump dump,
    Optional<String> arch,
    int cpu,
    RegisterFile file,
    Map<String, Long> set) {
  private static final int NAMES_SHOWN = 24;

  /** A variant, and the registers as its architecture reads them. */
  private record Candidate(MmuVariant variant, Registers registers) {}

  /** Trees found, and what the user should know about how. */
  record Found(Tables tables, List<String> warnings) {}

  /** Roots of trees. */
  Found trees(Progress progress) {
    List<String> refusals = new ArrayList<>();
    Optional<Found> known = trees(Registers.NONE, refusals);
    if (known.isPresent()) {
      return known.get();
    }
    String searched = "the dump has a VMCOREINFO, which does not help";
    if (dump.vmcoreInfo().isEmpty()) {
      List<FoundVmcoreInfo> texts = dump.searchVmcoreInfo(bytes -> progress.step());
      progress.end();
      searched = "no VMCOREINFO in memory helps either (%d found)".formatted(texts.size());
      for (FoundVmcoreInfo text : texts) {
        Optional<Found> found = trees(new Registers(text.info().numbers()), new ArrayList<>());
        if (found.isPresent()) {
          return new Found(found.get().tables(), warnings(found.get(), text, texts));
        }
      }
    }
    throw new InvalidRequestException(
        "%s (%s): no root of page tables found; give registers with --registers FILE or --set NAME=VALUE, or --arch and --root. %s. Registers known: %s. %s"
            .formatted(path, dump.format(), String.join("; ", refusals), names(), searched));
  }

  private static List<String> warnings(
      Found found, FoundVmcoreInfo text, List<FoundVmcoreInfo> texts) {
    List<String> warnings = new ArrayList<>(found.warnings());
    long others = texts.stream().filter(t -> !t.info().equals(text.info())).count();
    warnings.add(
        "registers alone give no root; used the VMCOREINFO found in memory at 0x%x%s"
            .formatted(
                text.physAddr(),
                others == 0 ? "" : " (%d others there say something else)".formatted(others)));
    return warnings;
  }

  private Optional<Found> trees(Registers vmcoreInfo, List<String> refusals) {
    Map<String, Found> all = new TreeMap<>();
    Map<String, Found> fallbacks = new TreeMap<>();
    for (Candidate candidate : candidates(vmcoreInfo)) {
      RootLookup lookup = lookup(candidate.variant(), candidate.registers());
      switch (lookup) {
        case RootLookup.Found found ->
            all.put(
                candidate.variant().id(),
                new Found(tables(candidate, found.rootPhysAddrs()), unread(candidate, lookup)));
        case RootLookup.Fallback fallback -> {
          List<String> warnings = unread(candidate, lookup);
          warnings.addFirst(
              "read as %s, though %s".formatted(candidate.variant().id(), fallback.unlike()));
          fallbacks.put(
              candidate.variant().id(),
              new Found(tables(candidate, fallback.rootPhysAddrs()), warnings));
        }
        case RootLookup.NotSelected not ->
            refusals.add(candidate.variant().id() + ": " + not.why());
      }
    }
    if (all.isEmpty()) {
      all = fallbacks;
    }
    if (all.size() > 1) {
      throw new InvalidRequestException(
          "%s (%s): its registers fit %s alike; name one with --arch, or set a register that tells them apart (x86: efer)"
              .formatted(path, dump.format(), String.join(" and ", all.keySet())));
    }
    return all.values().stream().findFirst();
  }

  private Tables tables(Candidate candidate, List<Long> roots) {
    return new TreeTables(TableWalker.over(dump.memory(), candidate.variant(), roots));
  }

  private RootLookup lookup(MmuVariant variant, Registers registers) {
    return variant.rootFinder().find(registers, new RamView(dump.memory()));
  }

  /** A register that was set but changes nothing, whatever its value, is probably misspelt. */
  private List<String> unread(Candidate candidate, RootLookup found) {
    List<String> warnings = new ArrayList<>();
    Set<String> elsewhere = new TreeSet<>(file.names());
    elsewhere.addAll(dump.registers(cpu).values().keySet());
    for (String name : set.keySet()) {
      Map<String, Long> without = new TreeMap<>(candidate.registers().values());
      without.remove(name);
      boolean read =
          elsewhere.contains(name)
              || !lookup(candidate.variant(), new Registers(without)).equals(found)
              || Stream.of(0L, -1L)
                  .map(v -> candidate.registers().and(new Registers(Map.of(name, v))))
                  .anyMatch(other -> !lookup(candidate.variant(), other).equals(found));
      if (!read) {
        warnings.add(
            "--set %s: %s does not look at it here".formatted(name, candidate.variant().id()));
      }
    }
    return warnings;
  }

  /** The hash table that the registers place, with the segments of a file. */
  Found hashed(SlbFile slb) {
    List<HashTables> found = new ArrayList<>();
    for (Candidate candidate : candidates(Registers.NONE)) {
      candidate
          .variant()
          .segmentMap()
          .hashMmu()
          .flatMap(mmu -> mmu.locate(candidate.registers(), new RamView(dump.memory())))
          .ifPresent(table -> found.add(hashed(slb, candidate.variant(), table)));
    }
    return found.stream()
        .max(Comparator.comparing(RootSearch::pagesAsInSegments))
        .map(tables -> new Found(tables, List.of()))
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    "--slb: no hash table found; give its place with --registers FILE or --set NAME=VALUE. Registers known: "
                        + names()));
  }

  private HashTables hashed(SlbFile slb, MmuVariant variant, HashMmu.Table table) {
    List<HashSegment> segments =
        slb.rows().stream()
            .flatMap(row -> table.mmu().slbSegment(row.esidWord(), row.vsidWord()).stream())
            .toList();
    if (segments.isEmpty()) {
      throw new InvalidRequestException(
          "--slb %s: none of its %d entries is valid, with a page size that is known"
              .formatted(slb.path(), slb.rows().size()));
    }
    return new HashTables(variant, table, HashedPageTable.over(dump.memory(), table), segments);
  }

  /** A kernel's own page size is the smallest in its segments. */
  private static boolean pagesAsInSegments(HashTables tables) {
    int smallest =
        tables.segments().stream().mapToInt(HashSegment::pageShift).min().orElse(Integer.MAX_VALUE);
    return tables.variant().geometry().pageShift() == smallest;
  }

  private List<Candidate> candidates(Registers vmcoreInfo) {
    List<Candidate> all = new ArrayList<>();
    for (Architecture architecture : architectures()) {
      Registers registers =
          vmcoreInfo
              .and(dump.registers(cpu))
              .and(file.registers(architecture))
              .and(new Registers(set));
      for (MmuVariant variant : architecture.variants()) {
        if (arch.isEmpty() || variant.id().equals(arch.get())) {
          all.add(new Candidate(variant, registers));
        }
      }
    }
    return all;
  }

  /** Those that read cores of the dump's machine; all where none says so, or one was asked for. */
  private List<Architecture> architectures() {
    List<Architecture> all = Ports.architectures();
    List<Architecture> named =
        all.stream()
            .filter(port -> dump.elfMachine().stream().anyMatch(port.elfMachines()::contains))
            .toList();
    return named.isEmpty() || arch.isPresent() ? all : named;
  }

  private String names() {
    Set<String> all = new TreeSet<>(dump.registers(cpu).values().keySet());
    all.addAll(file.names());
    all.addAll(set.keySet());
    String shown = String.join(" ", all.stream().limit(NAMES_SHOWN).toList());
    if (all.isEmpty()) {
      return "none";
    }
    return all.size() <= NAMES_SHOWN
        ? shown
        : shown + " and %d more".formatted(all.size() - NAMES_SHOWN);
  }
}

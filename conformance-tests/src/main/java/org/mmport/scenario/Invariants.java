package org.mmport.scenario;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.MmCounters;
import org.mmport.mm.MmSystem;
import org.mmport.mm.SwapArea;
import org.mmport.mm.Vma;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;

/**
 * What must hold between any two steps (T23), found out by reading every table anew: who maps a
 * page is counted there, and nothing else is believed.
 */
public final class Invariants {
  private final MmSystem system;
  private final PteFormat format;

  public Invariants(MmSystem system) {
    this.system = system;
    this.format = system.variant().format();
  }

  /** The first thing that does not hold, in one line. */
  public Optional<String> broken() {
    try {
      return counted();
    } catch (InvalidRequestException e) {
      return Optional.of("a table maps memory that is not in use: " + e.getMessage());
    }
  }

  private Optional<String> counted() {
    Map<Long, Integer> mappers = new HashMap<>();
    Map<Long, Integer> writers = new HashMap<>();
    Map<Integer, Integer> swapped = new HashMap<>();
    Set<Long> locked = new HashSet<>();
    FileRecount files = new FileRecount(system.folios());
    HugeRecount huge = new HugeRecount(system, files);
    Set<EntryId> seen = new HashSet<>();
    Set<TableRecount.Hook> hooks = new HashSet<>();
    List<TableRecount.Leaf> leaves = new ArrayList<>();
    for (AddressSpace space : system.spaces()) {
      TableRecount recount = TableRecount.of(space);
      List<Vma> vmas = space.vmas();
      List<Vma> lockedVmas = vmas.stream().filter(Vma::locked).toList();
      long anon = 0;
      long file = 0;
      long swap = 0;
      hooks.addAll(recount.hooks());
      List<Vma> sharedVmas = vmas.stream().filter(Vma::shared).toList();
      recount.leaves().values().stream()
          .filter(leaf -> sharedVmas.stream().noneMatch(vma -> vma.contains(leaf.va())))
          .forEach(leaves::add);
      for (TableRecount.Leaf leaf : recount.leaves().values()) {
        long raw = leaf.raw();
        // What several address spaces share is there once.
        boolean first = seen.add(new EntryId(leaf.table(), leaf.va()));
        if (leaf.isHuge()) {
          Optional<String> wrong = huge.add(space, leaf);
          if (wrong.isPresent()) {
            return wrong;
          }
          anon += huge.isAnon(leaf) ? huge.pages() : 0;
          file += huge.isAnon(leaf) ? 0 : huge.pages();
          if (lockedVmas.stream().anyMatch(vma -> vma.contains(leaf.va()))) {
            locked.addAll(huge.pagesOf(leaf));
          }
          continue;
        }
        if (!format.present(raw, Level.PTE)) {
          swapped.merge((int) format.swapOffset(raw, Level.PTE), first ? 1 : 0, Integer::sum);
          swap++;
          continue;
        }
        long pfn = format.physAddr(raw, Level.PTE) >>> system.variant().geometry().pageShift();
        if (pfn == system.zeroPfn()) {
          if (format.write(raw, Level.PTE)) {
            return Optional.of("the zero page is mapped writable by 0x%x".formatted(raw));
          }
          continue;
        }
        if (runsBeyondFolio(raw)) {
          return Optional.of(
              "0x%x is cached together with pages that are none of its folio".formatted(raw));
        }
        mappers.merge(pfn, first ? 1 : 0, Integer::sum);
        if (lockedVmas.stream().anyMatch(vma -> vma.contains(leaf.va()))) {
          locked.add(pfn);
        }
        if (format.write(raw, Level.PTE)) {
          writers.merge(pfn, 1, Integer::sum);
        }
        if (system.folios().is(pfn, PageFlag.ANON)) {
          anon++;
        } else {
          file++;
          Optional<String> wrong = files.mapped(vmaAt(vmas, leaf.va()), leaf.va(), pfn);
          if (wrong.isPresent()) {
            return wrong;
          }
        }
      }
      MmCounters counted =
          new MmCounters(
              anon,
              file,
              swap,
              lockedPages(space),
              recount.tables(space.system().variant().geometry()));
      if (!counted.equals(space.counters())) {
        return Optional.of(
            "an address space counts %s, its tables have %s".formatted(space.counters(), counted));
      }
    }
    Set<Long> mapped = new HashSet<>(mappers.keySet());
    mapped.addAll(huge.allPages());
    return shared(hooks, leaves, huge)
        .or(() -> pages(mappers, writers, huge))
        .or(huge::broken)
        .or(() -> files.broken(mappedFiles()))
        .or(() -> slots(swapped))
        .or(() -> locked(mapped, locked));
  }

  private static Vma vmaAt(List<Vma> vmas, long va) {
    return vmas.stream()
        .filter(vma -> vma.contains(va))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("0x%x is in no mapping".formatted(va)));
  }

  /** Young and dirty of entries cached together are known for all of them only (R4.19). */
  private boolean runsBeyondFolio(long raw) {
    if (!system.variant().batchOps().inRun(raw, Level.PTE, format)) {
      return false;
    }
    long runBytes =
        system.variant().batchOps().runEntries(Level.PTE) * system.variant().geometry().pageBytes();
    long physAddr = format.physAddr(raw, Level.PTE) & -runBytes;
    return !system.folios().isOneFolio(physAddr, runBytes);
  }

  /** An entry, whoever gets to it. */
  private record EntryId(long table, long va) {}

  /**
   * A table is used as often as entries point at it (R3.1), and nobody writes through one that is
   * used more than once.
   *
   * @param leaves those of private mappings
   */
  private Optional<String> shared(
      Set<TableRecount.Hook> hooks, List<TableRecount.Leaf> leaves, HugeRecount huge) {
    Map<Long, Integer> users = new HashMap<>();
    hooks.forEach(hook -> users.merge(hook.table(), 1, Integer::sum));
    for (Map.Entry<Long, Integer> table : users.entrySet()) {
      int counted = system.tableUseCount(table.getKey());
      if (counted != table.getValue()) {
        return Optional.of(
            "table 0x%x has a use count of %d, and %d entries point at it"
                .formatted(table.getKey(), counted, table.getValue()));
      }
    }
    long kernels = system.hasKernel() ? system.kernel().tableCounts().total() : 0;
    if (system.tablesInUse() != users.size() + huge.leaves() + kernels) {
      return Optional.of(
          "%d tables are in use, %d are to be found, %d are put by, and %d of the kernel's"
              .formatted(system.tablesInUse(), users.size(), huge.leaves(), kernels));
    }
    for (TableRecount.Leaf leaf : leaves) {
      if ((leaf.isHuge() || (leaf.rights() & Rights.WRITE) != 0)
          && leaf.path().stream().anyMatch(table -> users.getOrDefault(table, 0) > 1)) {
        return Optional.of(
            leaf.isHuge()
                ? "the huge page at 0x%x is in a table that is shared".formatted(leaf.va())
                : "0x%x can be written through a table that is shared".formatted(leaf.va()));
      }
    }
    return Optional.empty();
  }

  /** Those that are mapped: shared memory without a name is one, whose pages may be in swap. */
  private Set<FilePages> mappedFiles() {
    return system.spaces().stream()
        .flatMap(space -> space.vmas().stream())
        .map(Vma::backing)
        .filter(Backing.OfFile.class::isInstance)
        .map(backing -> ((Backing.OfFile) backing).file())
        .collect(Collectors.toSet());
  }

  /** Uses of slots of the swap area: those of entries and of files, and the swap cache's. */
  private Optional<String> slots(Map<Integer, Integer> swapped) {
    for (FilePages file : mappedFiles()) {
      file.swapSlots().forEach(slot -> swapped.merge(slot, 1, Integer::sum));
    }
    if (system.swapArea().isEmpty()) {
      return swapped.isEmpty()
          ? Optional.empty()
          : Optional.of("there are swap entries and no swap area");
    }
    SwapArea area = system.swapArea().get();
    for (int slot = 1; slot <= area.slots(); slot++) {
      int uses = swapped.getOrDefault(slot, 0) + (system.swapCached(slot).isPresent() ? 1 : 0);
      if (area.useCount(slot) != uses) {
        return Optional.of(
            "swap slot %d has %d uses counted, and %d in tables, files and the cache"
                .formatted(slot, area.useCount(slot), uses));
      }
    }
    return Optional.empty();
  }

  /** A page is locked as long as a locked mapping maps it, and no longer. */
  private Optional<String> locked(Set<Long> mapped, Set<Long> locked) {
    for (long pfn : mapped) {
      if (system.folios().is(pfn, PageFlag.MLOCKED) != locked.contains(pfn)) {
        return Optional.of(
            locked.contains(pfn)
                ? "page 0x%x is not locked and a locked mapping maps it".formatted(pfn)
                : "page 0x%x is locked and no locked mapping maps it".formatted(pfn));
      }
    }
    return system.mlockedPages() == locked.size()
        ? Optional.empty()
        : Optional.of(
            "%d pages count as locked, locked mappings map %d"
                .formatted(system.mlockedPages(), locked.size()));
  }

  private Optional<String> pages(
      Map<Long, Integer> mappers, Map<Long, Integer> writers, HugeRecount huge) {
    Folios folios = system.folios();
    for (Map.Entry<Long, Integer> page : mappers.entrySet()) {
      long pfn = page.getKey();
      int count = page.getValue();
      if (folios.mapCount(pfn) != count) {
        return Optional.of(
            "page 0x%x has a mapcount of %d and is mapped %d times"
                .formatted(pfn, folios.mapCount(pfn), count));
      }
      if (folios.refCount(pfn) < count) {
        return Optional.of(
            "page 0x%x has a refcount of %d below its mapcount %d"
                .formatted(pfn, folios.refCount(pfn), count));
      }
      Optional<String> large = huge.folio(pfn);
      if (large.isPresent()) {
        return large;
      }
      boolean anon = folios.is(pfn, PageFlag.ANON);
      if (folios.is(pfn, PageFlag.LAZYFREE) && (!anon || folios.is(pfn, PageFlag.SWAPCACHE))) {
        return Optional.of(
            "page 0x%x is freed lazily, and a file's or in the swap cache".formatted(pfn));
      }
      count += huge.leavesOf(pfn);
      if (anon && count > 1 && writers.containsKey(pfn)) {
        return Optional.of(
            "anonymous page 0x%x is mapped %d times, and writable".formatted(pfn, count));
      }
      if (anon && count > 1 && folios.is(pfn, PageFlag.ANON_EXCLUSIVE)) {
        return Optional.of(
            "anonymous page 0x%x is mapped %d times, and exclusive".formatted(pfn, count));
      }
    }
    return Optional.empty();
  }

  private long lockedPages(AddressSpace space) {
    return space.vmas().stream()
        .filter(Vma::locked)
        .mapToLong(vma -> vma.pages(system.variant().geometry().pageShift()))
        .sum();
  }
}

package org.mmport.scenario;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.MmSystem;
import org.mmport.mm.Vma;
import org.mmport.spi.PteFormat;

/** Leaves above the last level, counted anew, and what must hold of folios that they map. */
final class HugeRecount {
  private final MmSystem system;
  private final FileRecount files;
  private final Folios folios;
  private final PteFormat format;
  private final Map<Long, Integer> leaves = new HashMap<>();
  private final Set<Long> writable = new HashSet<>();
  private final Set<Long> judged = new HashSet<>();

  HugeRecount(MmSystem system, FileRecount files) {
    this.files = files;
    this.system = system;
    this.folios = system.folios();
    this.format = system.variant().format();
  }

  /** How many pages each maps. */
  long pages() {
    return system.hugePageBytes().orElse(0) >>> folios.pageShift();
  }

  /** How many there are. */
  int leaves() {
    return leaves.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** How many map a page. */
  int leavesOf(long pfn) {
    return leaves.getOrDefault(folios.headOf(pfn), 0);
  }

  private long first(TableRecount.Leaf leaf) {
    return format.physAddr(leaf.raw(), leaf.level()) >>> folios.pageShift();
  }

  /** The pages that one maps. */
  List<Long> pagesOf(TableRecount.Leaf leaf) {
    return LongStream.range(first(leaf), first(leaf) + pages()).boxed().toList();
  }

  /** The pages that any maps. */
  List<Long> allPages() {
    return leaves.keySet().stream()
        .flatMap(head -> LongStream.range(head, head + pages()).boxed())
        .toList();
  }

  /** Counts one; empty unless it is wrong by itself. */
  Optional<String> add(AddressSpace space, TableRecount.Leaf leaf) {
    long head = first(leaf);
    long lastVa = leaf.va() + system.hugePageBytes().orElse(0) - 1;
    Optional<Vma> vma = space.vmas().stream().filter(v -> v.contains(leaf.va())).findFirst();
    if (vma.isEmpty() || !vma.get().contains(lastVa)) {
      return Optional.of(
          "the huge page at 0x%x..0x%x is not within one mapping".formatted(leaf.va(), lastVa));
    }
    boolean anon = folios.is(head, PageFlag.ANON);
    if (vma.get().backing() instanceof Backing.Anonymous != anon) {
      return Optional.of("the huge page at 0x%x is not its mapping's".formatted(leaf.va()));
    }
    if (!anon && !vma.get().shared() && format.write(leaf.raw(), leaf.level())) {
      return Optional.of("the private huge page at 0x%x can be written".formatted(leaf.va()));
    }
    if (folios.headOf(head) != head || folios.framesFrom(head) != pages()) {
      return Optional.of(
          "the leaf 0x%x at 0x%x does not map one whole folio".formatted(leaf.raw(), leaf.va()));
    }
    leaves.merge(head, 1, Integer::sum);
    if (anon && format.write(leaf.raw(), leaf.level())) {
      writable.add(head);
    }
    return anon ? Optional.empty() : files.mappedAll(vma.get(), leaf.va(), head, pages());
  }

  /** Whether one maps private memory of no file. */
  boolean isAnon(TableRecount.Leaf leaf) {
    return folios.is(first(leaf), PageFlag.ANON);
  }

  /** What does not hold of a folio that is mapped by leaves above the last level. */
  Optional<String> broken() {
    for (Map.Entry<Long, Integer> mapped : leaves.entrySet()) {
      long head = mapped.getKey();
      Optional<String> wrong = folio(head);
      if (wrong.isPresent()) {
        return wrong;
      }
      if (writable.contains(head) && folios.totalMapCount(head) > 1) {
        return Optional.of(
            "huge page 0x%x is mapped %d times, and writable by one leaf"
                .formatted(head, folios.totalMapCount(head)));
      }
      for (long pfn = head; pfn < head + pages(); pfn++) {
        if (folios.is(pfn, PageFlag.ANON_EXCLUSIVE)
            && mapped.getValue() + folios.mapCount(pfn) > 1) {
          return Optional.of(
              "page 0x%x of huge page 0x%x is exclusive, and mapped %d times"
                  .formatted(pfn, head, mapped.getValue() + folios.mapCount(pfn)));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * What does not hold of a large folio, by any of its pages: its counts are the sums of theirs,
   * leaves that map it whole count once, and what is not all mapped waits to be split. Said once.
   */
  Optional<String> folio(long pfn) {
    if (!folios.isLarge(pfn) || !judged.add(folios.headOf(pfn))) {
      return Optional.empty();
    }
    long head = folios.headOf(pfn);
    int entire = leaves.getOrDefault(head, 0);
    int maps = entire;
    int unmapped = 0;
    for (long page = head; page < head + folios.framesFrom(head); page++) {
      maps += folios.mapCount(page);
      unmapped += entire == 0 && folios.mapCount(page) == 0 ? 1 : 0;
    }
    if (maps != folios.totalMapCount(head) || maps > folios.refCount(head)) {
      return Optional.of(
          "folio 0x%x has %d mapcounts and %d references, its pages and leaves have %d mapcounts"
              .formatted(head, folios.totalMapCount(head), folios.refCount(head), maps));
    }
    if (folios.entireMapCount(head) != entire) {
      return Optional.of(
          "folio 0x%x counts as mapped whole by %d leaves, and is by %d"
              .formatted(head, folios.entireMapCount(head), entire));
    }
    if (unmapped > 0 && folios.is(head, PageFlag.ANON) && !folios.isSplitQueued(head)) {
      return Optional.of(
          "folio 0x%x has %d pages that nobody maps, and does not wait to be split"
              .formatted(head, unmapped));
    }
    return Optional.empty();
  }
}

package org.mmport.scenario;

import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.mmport.fork.ForkStrategies;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.VmaRights;

/**
 * Makes steps up: a few processes, a few dozen pages, everything that may be done to them, now and
 * then what must be refused. Asks a model what there is, so that most steps do something.
 */
public final class RandomSteps {
  private static final List<String> NAMES = List.of("a", "b", "c", "d");
  private static final List<String> FILES = List.of("f", "g");

  /** Those that every variant has: some have 32 entries in a table. */
  private static final List<Integer> FOLIO_ORDERS = List.of(2, 3, 4);

  private static final List<String> PINS = List.of("p", "q");
  private static final int MAX_FILE_PAGES = 24;
  private static final long PAGES = 48;
  private static final List<VmaRights> RIGHTS =
      List.of(VmaRights.READ, VmaRights.READ_WRITE, VmaRights.NONE, VmaRights.READ_EXEC);

  private final SplittableRandom random;
  private final ReferenceMemory model;
  private final int cpus;
  private final boolean fetches;
  private final long hugePages;
  private final Queue<Step> pending = new ArrayDeque<>();

  /**
   * Steps that follow from a seed.
   *
   * @param model in the state that steps made up so far lead to
   * @param fetches whether the variant can keep pages from being executed
   * @param hugePages how many pages a huge page has; 0 where there are none
   */
  public RandomSteps(long seed, ReferenceMemory model, int cpus, boolean fetches, long hugePages) {
    this.random = new SplittableRandom(seed);
    this.model = model;
    this.cpus = cpus;
    this.fetches = fetches;
    this.hugePages = hugePages;
  }

  /** One more. */
  public Step next() {
    List<String> living = model.processes();
    if (living.isEmpty() || (living.size() < NAMES.size() && random.nextInt(60) == 0)) {
      return new Step.Start(unused(living));
    }
    String process = living.get(random.nextInt(living.size()));
    if (pending.isEmpty() && hugePages > 0 && random.nextInt(32) == 0) {
      String child = living.size() < NAMES.size() ? unused(living) : process;
      pending.addAll(
          new RandomHugeSteps(random, cpus, hugePages).some(process, child, strategy(), rights()));
    }
    if (!pending.isEmpty()) {
      return pending.remove();
    }
    int kind = random.nextInt(100);
    if (kind < 38) {
      return store(process);
    }
    if (kind < 58) {
      return new Step.Load(process, cpu(), page(process));
    }
    if (kind < 61) {
      return fetches
          ? new Step.Fetch(process, cpu(), page(process))
          : new Step.Load(process, cpu(), page(process));
    }
    return kind < 70 && living.size() < NAMES.size()
        ? new Step.Fork(process, unused(living), strategy())
        : change(process, kind);
  }

  private ForkStrategy strategy() {
    List<ForkStrategy> all = ForkStrategies.all();
    return all.get(random.nextInt(all.size()));
  }

  private Step folios() {
    return new Step.LargeFolios(
        FOLIO_ORDERS.stream().filter(order -> random.nextInt(5) > 1).toList());
  }

  /** Pairs of pages too, which there are none of in private memory. */
  private Step fileFolios() {
    return new Step.FileFolios(
        IntStream.rangeClosed(1, FOLIO_ORDERS.getLast())
            .filter(order -> random.nextInt(5) > 1)
            .boxed()
            .toList());
  }

  private Step change(String process, int kind) {
    long page = random.nextLong(PAGES);
    long pages = 1 + random.nextLong(Math.min(PAGES - page, 12));
    if (random.nextInt(10) == 0) {
      // Often enough that what may go does go before it is used again.
      return new Step.Reclaim(1 + random.nextInt(40));
    }
    if (random.nextInt(model.hasSwap() ? 40 : 8) == 0) {
      return model.hasSwap() ? new Step.SwapOff() : new Step.SwapOn(1 + random.nextInt(40));
    }
    if (random.nextInt(12) == 0) {
      return numa(process, page, pages);
    }
    if (kind < 71 && random.nextBoolean()) {
      return device(process);
    }
    if (kind < 72) {
      return random.nextInt(3) > 0 ? new Step.Reclaim(1 + random.nextInt(30)) : folios();
    }
    if (kind < 77) {
      return new Step.Exit(process);
    }
    if (kind < 80) {
      return new Step.Mmap(process, page, pages, rights(), random.nextInt(4) == 0);
    }
    if (kind < 84) {
      return ofFile(process, page, pages);
    }
    if (kind < 87) {
      return new Step.Munmap(process, page, pages);
    }
    List<Long> mapped = model.pages(process);
    if (!mapped.isEmpty() && random.nextInt(8) > 0) {
      page = mapped.get(random.nextInt(mapped.size()));
      pages = 1 + random.nextLong(3);
    }
    if (kind < 91) {
      return new Step.Mprotect(process, page, pages, rights());
    }
    if (kind < 94) {
      return random.nextInt(3) == 0
          ? new Step.DontNeed(process, page, pages)
          : lazyFree(process, page, pages);
    }
    if (random.nextInt(6) == 0) {
      return random.nextInt(4) == 0
          ? new Step.Exec(process)
          : new Step.Brk(process, Step.HEAP_PAGE + random.nextInt(-1, 12));
    }
    if (kind < 96) {
      return random.nextInt(3) == 0
          ? new Step.Munlock(process, page, pages)
          : new Step.Mlock(process, page, pages);
    }
    return mremap(process, page, random.nextInt(20) == 0 ? 0 : pages);
  }

  /** Mostly of what may be: of ranges at random most have something in them that may not. */
  private Step lazyFree(String process, long page, long pages) {
    List<Long> may = model.anonymousPages(process);
    if (may.isEmpty() || random.nextInt(6) == 0) {
      return new Step.LazyFree(process, page, pages);
    }
    int first = random.nextInt(may.size());
    int count = 1;
    while (first + count < may.size() && may.get(first + count) == may.get(first) + count) {
      count++;
    }
    return new Step.LazyFree(process, may.get(first), 1 + random.nextInt(count));
  }

  /** Of all that is mapped, or a part of it. */
  private Step numa(String process, long page, long pages) {
    OptionalInt cpu = random.nextInt(3) == 0 ? OptionalInt.of(cpu()) : OptionalInt.empty();
    return random.nextBoolean()
        ? new Step.NumaHint(process, cpu, 0, PAGES)
        : new Step.NumaHint(process, cpu, page, pages);
  }

  private Step device(String process) {
    String name = PINS.get(random.nextInt(PINS.size()));
    if (!model.pins().contains(name)) {
      return new Step.Pin(process, page(process), name);
    }
    return switch (random.nextInt(6)) {
      case 0, 1, 2 -> new Step.Unpin(name);
      case 3 -> new Step.DeviceLoad(name);
      default -> new Step.DeviceStore(name, (byte) (1 + random.nextInt(120)));
    };
  }

  private Step mremap(String process, long page, long pages) {
    long newPages = random.nextInt(20) == 0 ? 0 : Math.max(1, pages + random.nextLong(-2, 4));
    return new Step.Mremap(
        process,
        page,
        pages,
        newPages,
        random.nextInt(3) == 0
            ? OptionalLong.empty()
            : OptionalLong.of(random.nextLong(PAGES - Math.min(newPages, PAGES - 1))));
  }

  private Step ofFile(String process, long page, long pages) {
    List<String> files = model.files();
    if (files.size() < FILES.size() && random.nextInt(4) == 0) {
      String name = FILES.stream().filter(f -> !files.contains(f)).findFirst().orElseThrow();
      return new Step.CreateFile(name, random.nextInt(MAX_FILE_PAGES));
    }
    String file = FILES.get(random.nextInt(FILES.size()));
    return switch (random.nextInt(9)) {
      case 8 -> fileFolios();
      case 0 -> new Step.Truncate(file, random.nextInt(MAX_FILE_PAGES));
      case 1 -> new Step.Sync(file);
      case 2 -> new Step.Evict(file);
      default ->
          new Step.MmapFile(
              process,
              page,
              pages,
              rights(),
              random.nextBoolean(),
              file,
              random.nextInt(1 + (int) model.filePages(file)));
    };
  }

  private VmaRights rights() {
    return random.nextInt(4) > 0 ? VmaRights.READ_WRITE : RIGHTS.get(random.nextInt(RIGHTS.size()));
  }

  private Step store(String process) {
    return new Step.Store(process, cpu(), page(process), (byte) (1 + random.nextInt(120)));
  }

  private int cpu() {
    return random.nextInt(cpus);
  }

  private long page(String process) {
    List<Long> mapped = model.pages(process);
    return mapped.isEmpty() || random.nextInt(20) == 0
        ? random.nextLong(PAGES)
        : mapped.get(random.nextInt(mapped.size()));
  }

  private static String unused(List<String> living) {
    return NAMES.stream().filter(name -> !living.contains(name)).findFirst().orElseThrow();
  }
}

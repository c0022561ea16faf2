package org.mmport.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.HugePageAdvice;
import org.mmport.mm.HugePagePolicy;
import org.mmport.mm.VmaRights;

/**
 * Makes up what leads to a huge page, and what may be done to it after. Two could be behind the
 * place where tables end.
 */
final class RandomHugeSteps {
  private static final String FILE = "f";

  private final SplittableRandom random;
  private final int cpus;
  private final long hugePages;
  private final long first;

  RandomHugeSteps(SplittableRandom random, int cpus, long hugePages) {
    this.random = random;
    this.cpus = cpus;
    this.hugePages = hugePages;
    this.first = MmBench.PAGES_BEFORE + (random.nextInt(3) == 0 ? hugePages : 0);
  }

  /**
   * Some steps of a process.
   *
   * @param child the name of one that may come to be, or its own
   * @param rights those that it may give to something
   */
  List<Step> some(String process, String child, ForkStrategy strategy, VmaRights rights) {
    List<Step> steps = new ArrayList<>();
    if (random.nextInt(3) > 0) {
      make(steps, process);
    }
    for (int i = random.nextInt(6); i > 0; i--) {
      steps.add(
          child.equals(process) || random.nextInt(3) > 0
              ? change(process, rights)
              : new Step.Fork(process, child, strategy));
      steps.add(store(random.nextBoolean() ? process : child));
    }
    if (random.nextInt(3) > 0) {
      // Hundreds of pages more make every step after that slow.
      steps.add(new Step.Munmap(process, MmBench.PAGES_BEFORE + hugePages / 2, 2 * hugePages));
      steps.add(new Step.Truncate(FILE, random.nextInt(24)));
    }
    return steps;
  }

  /** Written for the first time as one, or page by page and then made one. */
  private void make(List<Step> steps, String process) {
    steps.add(new Step.Munmap(process, first, hugePages));
    if (random.nextInt(3) == 0) {
      ofFile(steps, process);
      return;
    }
    boolean atOnce = random.nextBoolean();
    steps.add(new Step.HugePolicy(atOnce ? HugePagePolicy.ALWAYS : HugePagePolicy.MADVISE));
    steps.add(new Step.Mmap(process, first, hugePages, VmaRights.READ_WRITE, false));
    steps.add(store(process));
    if (!atOnce) {
      steps.add(store(process));
      if (random.nextBoolean()) {
        steps.add(new Step.Reclaim(20));
        steps.add(store(process));
      }
      if (random.nextBoolean()) {
        steps.add(new Step.Collapse(process, first));
      } else {
        steps.add(new Step.Advise(process, first, hugePages, HugePageAdvice.HUGEPAGE));
        steps.add(new Step.Khugepaged(2 * hugePages));
      }
    }
  }

  /** Of a file, or of shared memory; at times no such part of the file as could be mapped whole. */
  private void ofFile(List<Step> steps, String process) {
    boolean atOnce = random.nextInt(3) > 0;
    int order = atOnce ? Long.numberOfTrailingZeros(hugePages) : random.nextInt(1, 4);
    steps.add(new Step.FileFolios(List.of(order)));
    if (random.nextInt(3) == 0) {
      steps.add(new Step.Mmap(process, first, hugePages, VmaRights.READ_WRITE, true));
    } else {
      steps.add(new Step.CreateFile(FILE, 1));
      steps.add(new Step.Truncate(FILE, hugePages + random.nextLong(hugePages)));
      steps.add(
          new Step.MmapFile(
              process,
              first,
              hugePages,
              VmaRights.READ_WRITE,
              random.nextInt(3) > 0,
              FILE,
              random.nextInt(4) == 0 ? 1 : 0));
    }
    long page = first + random.nextLong(hugePages);
    steps.add(random.nextBoolean() ? new Step.Load(process, 0, page) : store(process));
    steps.add(store(process));
    if (!atOnce) {
      steps.add(new Step.Collapse(process, first));
    }
  }

  private Step ofFile() {
    return switch (random.nextInt(3)) {
      case 0 -> new Step.Truncate(FILE, random.nextLong(hugePages));
      case 1 -> new Step.Sync(FILE);
      default -> new Step.Evict(FILE);
    };
  }

  /** Of all of it, or of parts at its ends. */
  private Step change(String process, VmaRights rights) {
    long part = 1 + random.nextLong(hugePages - 1);
    boolean whole = random.nextBoolean();
    long page = whole || random.nextBoolean() ? first : first + hugePages - part;
    long pages = whole ? hugePages : part;
    return switch (random.nextInt(14)) {
      case 13 -> ofFile();
      case 12 -> new Step.NumaHint(process, OptionalInt.empty(), page, pages);
      case 0 -> new Step.Munmap(process, page, pages);
      case 1 -> new Step.Mprotect(process, page, pages, rights);
      case 2 -> new Step.DontNeed(process, page, pages);
      case 3, 4 -> new Step.Mremap(process, page, pages, pages, OptionalLong.of(movedTo(page)));
      case 5 -> new Step.Mlock(process, page, pages);
      case 6 -> new Step.Munlock(process, page, pages);
      case 7 -> new Step.Advise(process, page, pages, advice());
      case 8 -> new Step.Reclaim(1);
      case 9 -> new Step.HugePolicy(HugePagePolicy.NEVER);
      case 10 -> new Step.Khugepaged(1 + random.nextLong(3 * hugePages));
      default -> new Step.Collapse(process, first);
    };
  }

  /** The place of the other huge page, or a page beside it. */
  private long movedTo(long page) {
    long other = first == MmBench.PAGES_BEFORE ? page + hugePages : page - hugePages;
    return random.nextInt(3) == 0 ? other + 1 : other;
  }

  private HugePageAdvice advice() {
    return random.nextInt(3) > 0 ? HugePageAdvice.HUGEPAGE : HugePageAdvice.NOHUGEPAGE;
  }

  private Step store(String process) {
    long page = first + random.nextLong(hugePages);
    return new Step.Store(process, random.nextInt(cpus), page, (byte) (1 + random.nextInt(120)));
  }
}

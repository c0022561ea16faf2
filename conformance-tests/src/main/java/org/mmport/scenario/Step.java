package org.mmport.scenario;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.HugePageAdvice;
import org.mmport.mm.HugePagePolicy;
import org.mmport.mm.VmaRights;

/**
 * One thing that happens to memory. Pages count from the place that a scenario is run at, so that a
 * step means the same on every variant. A step's text is how it is written in a script.
 */
public sealed interface Step {
  /** The page at which every process's heap begins: before the end of tables of all levels. */
  long HEAP_PAGE = 16;

  /** What a process does. */
  sealed interface OfProcess extends Step {
    /** Which process. */
    String process();
  }

  /** A process that has nothing mapped begins. */
  record Start(String process) implements OfProcess {
    @Override
    public String toString() {
      return "start " + process;
    }
  }

  /** A process becomes two. */
  record Fork(String process, String child, ForkStrategy strategy) implements OfProcess {
    @Override
    public String toString() {
      String fork = "fork %s %s".formatted(process, child);
      return strategy.equals(ForkStrategy.EAGER) ? fork : fork + " " + strategy.name();
    }
  }

  /** A process ends. */
  record Exit(String process) implements OfProcess {
    @Override
    public String toString() {
      return "exit " + process;
    }
  }

  /** Maps pages that are zero. */
  record Mmap(String process, long page, long pages, VmaRights rights, boolean shared)
      implements OfProcess {
    @Override
    public String toString() {
      return "mmap %s %d %d %s %s"
          .formatted(process, page, pages, rights, shared ? "shared" : "private");
    }
  }

  /** Unmaps pages. */
  record Munmap(String process, long page, long pages) implements OfProcess {
    @Override
    public String toString() {
      return "munmap %s %d %d".formatted(process, page, pages);
    }
  }

  /** Gives pages other rights. */
  record Mprotect(String process, long page, long pages, VmaRights rights) implements OfProcess {
    @Override
    public String toString() {
      return "mprotect %s %d %d %s".formatted(process, page, pages, rights);
    }
  }

  /** Drops what pages hold. */
  record DontNeed(String process, long page, long pages) implements OfProcess {
    @Override
    public String toString() {
      return "dontneed %s %d %d".formatted(process, page, pages);
    }
  }

  /** Has no more need of what pages hold. */
  record LazyFree(String process, long page, long pages) implements OfProcess {
    @Override
    public String toString() {
      return "lazyfree %s %d %d".formatted(process, page, pages);
    }
  }

  /**
   * Gives part of a mapping another size, or another place.
   *
   * @param target the page that it moves to; where it is empty, it stays
   */
  record Mremap(String process, long page, long pages, long newPages, OptionalLong target)
      implements OfProcess {
    @Override
    public String toString() {
      String to = target.isPresent() ? " to " + target.getAsLong() : "";
      return "mremap %s %d %d %d%s".formatted(process, page, pages, newPages, to);
    }
  }

  /** Has pages in memory and keeps them there. */
  record Mlock(String process, long page, long pages) implements OfProcess {
    @Override
    public String toString() {
      return "mlock %s %d %d".formatted(process, page, pages);
    }
  }

  /** Lets pages leave memory again. */
  record Munlock(String process, long page, long pages) implements OfProcess {
    @Override
    public String toString() {
      return "munlock %s %d %d".formatted(process, page, pages);
    }
  }

  /** Moves the end of the heap to the start of a page. */
  record Brk(String process, long page) implements OfProcess {
    @Override
    public String toString() {
      return "brk %s %d".formatted(process, page);
    }
  }

  /** A process begins anew, with nothing mapped. */
  record Exec(String process) implements OfProcess {
    @Override
    public String toString() {
      return "exec " + process;
    }
  }

  /** Loads the byte at the start of a page. */
  record Load(String process, int cpu, long page) implements OfProcess {
    @Override
    public String toString() {
      return "cpu%d load %s %d".formatted(cpu, process, page);
    }
  }

  /** Stores a byte at the start of a page. */
  record Store(String process, int cpu, long page, byte value) implements OfProcess {
    @Override
    public String toString() {
      return "cpu%d store %s %d %d".formatted(cpu, process, page, value);
    }
  }

  /** Fetches the byte at the start of a page. */
  record Fetch(String process, int cpu, long page) implements OfProcess {
    @Override
    public String toString() {
      return "cpu%d fetch %s %d".formatted(cpu, process, page);
    }
  }

  /** Maps pages of a file, the first being that many pages into it. */
  record MmapFile(
      String process,
      long page,
      long pages,
      VmaRights rights,
      boolean shared,
      String file,
      long filePage)
      implements OfProcess {
    @Override
    public String toString() {
      return "mmap %s %d %d %s %s %s %d"
          .formatted(process, page, pages, rights, shared ? "shared" : "private", file, filePage);
    }
  }

  /** A file begins, its pages being zero. */
  record CreateFile(String file, long pages) implements Step {
    @Override
    public String toString() {
      return "file %s %d".formatted(file, pages);
    }
  }

  /** A file becomes longer or shorter. */
  record Truncate(String file, long pages) implements Step {
    @Override
    public String toString() {
      return "truncate %s %d".formatted(file, pages);
    }
  }

  /** What was written to a file's pages is written to its storage. */
  record Sync(String file) implements Step {
    @Override
    public String toString() {
      return "sync " + file;
    }
  }

  /** So many pages that were not used of late leave memory, as far as there are such. */
  record Reclaim(long pages) implements Step {
    @Override
    public String toString() {
      return "reclaim " + pages;
    }
  }

  /** All pages in swap come back into memory, and there is no swap area any more. */
  record SwapOff() implements Step {
    @Override
    public String toString() {
      return "swapoff";
    }
  }

  /** There is a swap area of so many pages. */
  record SwapOn(long pages) implements Step {
    @Override
    public String toString() {
      return "swapon " + pages;
    }
  }

  /**
   * Sizes of folios that are used from now on where private memory is written first, beside pages.
   *
   * @param orders log2 of their pages, ascending, each once; none, and there are only pages
   */
  record LargeFolios(List<Integer> orders) implements Step {
    public LargeFolios {
      orders = orders.stream().distinct().sorted().toList();
    }

    @Override
    public String toString() {
      return orders.isEmpty()
          ? "folios none"
          : "folios " + orders.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }
  }

  /**
   * Sizes of folios in which files, and shared memory, are read from now on, beside pages.
   *
   * @param orders as for private memory
   */
  record FileFolios(List<Integer> orders) implements Step {
    public FileFolios {
      orders = orders.stream().distinct().sorted().toList();
    }

    @Override
    public String toString() {
      return "file" + new LargeFolios(orders);
    }
  }

  /** Which private memory is mapped by huge pages from now on, where it is written first. */
  record HugePolicy(HugePagePolicy policy) implements Step {
    @Override
    public String toString() {
      return "thp " + policy.name().toLowerCase(Locale.ROOT);
    }
  }

  /** Says whether huge pages are wanted in a range. */
  record Advise(String process, long page, long pages, HugePageAdvice advice) implements OfProcess {
    @Override
    public String toString() {
      String word = advice == HugePageAdvice.HUGEPAGE ? "huge" : "nohuge";
      return "advise %s %d %d %s".formatted(process, page, pages, word);
    }
  }

  /**
   * Keeps accesses from pages, so that the next tells who uses them.
   *
   * @param cpu where the process's only thread runs; empty where there are several
   */
  record NumaHint(String process, OptionalInt cpu, long page, long pages) implements OfProcess {
    @Override
    public String toString() {
      String on = cpu.isPresent() ? "cpu%d ".formatted(cpu.getAsInt()) : "";
      return on + "numa %s %d %d".formatted(process, page, pages);
    }
  }

  /** Has one huge page map what begins at a page, if nothing is in the way. */
  record Collapse(String process, long page) implements OfProcess {
    @Override
    public String toString() {
      return "collapse %s %d".formatted(process, page);
    }
  }

  /** So many pages are looked at for ranges that could be huge pages, which they become. */
  record Khugepaged(long pages) implements Step {
    @Override
    public String toString() {
      return "khugepaged " + pages;
    }
  }

  /** Pages of a file that nobody maps and that are in its storage leave memory. */
  record Evict(String file) implements Step {
    @Override
    public String toString() {
      return "evict " + file;
    }
  }

  /** A page of a process is given to a device, to be used until it is unpinned. */
  record Pin(String process, long page, String name) implements OfProcess {
    @Override
    public String toString() {
      return "pin %s %d %s".formatted(process, page, name);
    }
  }

  /** A device writes to what it was given. */
  record DeviceStore(String name, byte value) implements Step {
    @Override
    public String toString() {
      return "device %s store %d".formatted(name, value);
    }
  }

  /** A device reads what it was given. */
  record DeviceLoad(String name) implements Step {
    @Override
    public String toString() {
      return "device %s load".formatted(name);
    }
  }

  /** A device gives it back. */
  record Unpin(String name) implements Step {
    @Override
    public String toString() {
      return "unpin " + name;
    }
  }
}

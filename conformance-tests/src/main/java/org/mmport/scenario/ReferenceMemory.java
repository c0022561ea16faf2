package org.mmport.scenario;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.StepResult.BeyondFile;
import org.mmport.scenario.StepResult.Done;
import org.mmport.scenario.StepResult.NotMapped;
import org.mmport.scenario.StepResult.NotPermitted;
import org.mmport.scenario.StepResult.Refused;
import org.mmport.scenario.StepResult.Value;

/**
 * What processes may see, and nothing of how it comes about: a map from pages to bytes and rights
 * for each process. No tables, no counts, no sharing until somebody writes: a fork copies all.
 */
public final class ReferenceMemory {
  /** A page's first byte, which those who share the page have in common. */
  private static final class Cell {
    private byte value;

    Cell(byte value) {
      this.value = value;
    }
  }

  /**
   * A page of a process.
   *
   * @param own what it holds where that is not a file's
   * @param file the file whose page it shows as long as it has nothing of its own
   */
  private record Page(
      VmaRights rights, boolean shared, Optional<Cell> own, Optional<FilePage> file) {
    Page with(VmaRights newRights) {
      return new Page(newRights, shared, own, file);
    }

    Page owning(Cell cell) {
      return new Page(rights, shared, Optional.of(cell), file);
    }

    /** As it was at first. */
    Page fresh() {
      return new Page(
          rights,
          shared,
          file.isPresent() ? Optional.empty() : Optional.of(new Cell((byte) 0)),
          file);
    }
  }

  private record FilePage(FileModel file, long index) {
    boolean exists() {
      return index < file.pages;
    }

    Cell cell() {
      return file.cells.computeIfAbsent(index, i -> new Cell((byte) 0));
    }
  }

  /** A file: as many pages as it has, and what those hold that were ever looked at. */
  private static final class FileModel {
    private final Map<Long, Cell> cells = new HashMap<>();
    private long pages;

    FileModel(long pages) {
      this.pages = pages;
    }
  }

  private final Map<String, NavigableMap<Long, Page>> processes = new HashMap<>();
  private final Map<String, FileModel> files = new HashMap<>();

  /** Does a step and tells what it must come to. */
  public StepResult run(Step step) {
    return switch (step) {
      case Step.Start start -> start(start.process());
      case Step.OfProcess of when !processes.containsKey(of.process()) -> new Refused();
      case Step.Fork fork -> fork(fork);
      case Step.Exit exit -> exit(exit.process());
      case Step.Mmap mmap ->
          mmap(
              mmap.process(),
              mmap.page(),
              mmap.pages(),
              i ->
                  new Page(
                      mmap.rights(),
                      mmap.shared(),
                      Optional.of(new Cell((byte) 0)),
                      Optional.empty()));
      case Step.MmapFile mmap -> mmapFile(mmap);
      case Step.Munmap munmap -> munmap(munmap);
      case Step.Mprotect mprotect -> mprotect(mprotect);
      case Step.DontNeed dontNeed -> dontNeed(dontNeed);
      case Step.Load load -> access(load.process(), load.page(), 'r', (byte) 0);
      case Step.Store store -> access(store.process(), store.page(), 'w', store.value());
      case Step.Fetch fetch -> access(fetch.process(), fetch.page(), 'x', (byte) 0);
      case Step.CreateFile create ->
          files.putIfAbsent(create.file(), new FileModel(create.pages())) == null
              ? new Done()
              : new Refused();
      case Step.Truncate truncate -> truncate(truncate);
      case Step.Sync sync -> files.containsKey(sync.file()) ? new Done() : new Refused();
      case Step.Reclaim reclaim -> new Done();
      case Step.Evict evict -> files.containsKey(evict.file()) ? new Done() : new Refused();
    };
  }

  /** How many pages a file has; 0 where there is none of that name. */
  public long filePages(String file) {
    return files.containsKey(file) ? files.get(file).pages : 0;
  }

  /** The files that there are. */
  public List<String> files() {
    return files.keySet().stream().sorted().toList();
  }

  /** The processes that there are. */
  public List<String> processes() {
    return processes.keySet().stream().sorted().toList();
  }

  /** Pages that a process has mapped, ascending. */
  public List<Long> pages(String process) {
    return List.copyOf(pagesOf(process).keySet());
  }

  private NavigableMap<Long, Page> pagesOf(String process) {
    return processes.getOrDefault(process, new TreeMap<>());
  }

  private StepResult start(String process) {
    return processes.putIfAbsent(process, new TreeMap<>()) == null ? new Done() : new Refused();
  }

  private StepResult exit(String process) {
    processes.remove(process);
    return new Done();
  }

  private StepResult fork(Step.Fork fork) {
    if (processes.containsKey(fork.child())) {
      return new Refused();
    }
    NavigableMap<Long, Page> child = new TreeMap<>();
    pagesOf(fork.process())
        .forEach(
            (at, page) ->
                child.put(
                    at,
                    page.shared() || page.own().isEmpty()
                        ? page
                        : page.owning(new Cell(page.own().get().value))));
    processes.put(fork.child(), child);
    return new Done();
  }

  private StepResult mmap(String process, long first, long count, LongFunction<Page> page) {
    NavigableMap<Long, Page> pages = pagesOf(process);
    if (mapped(pages, first, count) > 0) {
      return new Refused();
    }
    for (long i = 0; i < count; i++) {
      pages.put(first + i, page.apply(i));
    }
    return new Done();
  }

  private StepResult mmapFile(Step.MmapFile mmap) {
    FileModel file = files.get(mmap.file());
    if (file == null) {
      return new Refused();
    }
    return mmap(
        mmap.process(),
        mmap.page(),
        mmap.pages(),
        i ->
            new Page(
                mmap.rights(),
                mmap.shared(),
                Optional.empty(),
                Optional.of(new FilePage(file, mmap.filePage() + i))));
  }

  /** Copies that processes made of pages that are cut off go too. */
  private StepResult truncate(Step.Truncate truncate) {
    FileModel file = files.get(truncate.file());
    if (file == null) {
      return new Refused();
    }
    file.pages = truncate.pages();
    file.cells.keySet().removeIf(index -> index >= file.pages);
    for (NavigableMap<Long, Page> pages : processes.values()) {
      pages.replaceAll(
          (at, page) ->
              page.file().isPresent()
                      && page.file().get().file() == file
                      && !page.file().get().exists()
                  ? page.fresh()
                  : page);
    }
    return new Done();
  }

  private static long mapped(NavigableMap<Long, Page> pages, long page, long count) {
    return pages.subMap(page, page + count).size();
  }

  private StepResult munmap(Step.Munmap munmap) {
    pagesOf(munmap.process()).subMap(munmap.page(), munmap.page() + munmap.pages()).clear();
    return new Done();
  }

  private StepResult mprotect(Step.Mprotect mprotect) {
    NavigableMap<Long, Page> pages = pagesOf(mprotect.process());
    if (mapped(pages, mprotect.page(), mprotect.pages()) < mprotect.pages()) {
      return new Refused();
    }
    pages
        .subMap(mprotect.page(), mprotect.page() + mprotect.pages())
        .replaceAll((at, page) -> page.with(mprotect.rights()));
    return new Done();
  }

  private StepResult dontNeed(Step.DontNeed dontNeed) {
    NavigableMap<Long, Page> pages = pagesOf(dontNeed.process());
    if (mapped(pages, dontNeed.page(), dontNeed.pages()) < dontNeed.pages()) {
      return new Refused();
    }
    pages
        .subMap(dontNeed.page(), dontNeed.page() + dontNeed.pages())
        .replaceAll((at, page) -> page.shared() ? page : page.fresh());
    return new Done();
  }

  private StepResult access(String process, long at, char kind, byte value) {
    Page page = pagesOf(process).get(at);
    if (page == null) {
      return new NotMapped();
    }
    VmaRights rights = page.rights();
    boolean permitted = kind == 'r' ? rights.read() : kind == 'w' ? rights.write() : rights.exec();
    if (!permitted) {
      return new NotPermitted();
    }
    if (page.own().isEmpty() && !page.file().orElseThrow().exists()) {
      return new BeyondFile();
    }
    Cell seen = page.own().orElseGet(() -> page.file().orElseThrow().cell());
    if (kind != 'w') {
      return new Value(seen.value);
    }
    if (page.shared() || page.own().isPresent()) {
      seen.value = value;
    } else {
      pagesOf(process).put(at, page.owning(new Cell(value)));
    }
    return new Done();
  }
}

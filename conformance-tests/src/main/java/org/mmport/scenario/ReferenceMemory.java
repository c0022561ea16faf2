package org.mmport.scenario;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.ModelPage.Cell;
import org.mmport.scenario.ModelPage.FileModel;
import org.mmport.scenario.StepResult.BeyondFile;
import org.mmport.scenario.StepResult.Done;
import org.mmport.scenario.StepResult.NotMapped;
import org.mmport.scenario.StepResult.NotPermitted;
import org.mmport.scenario.StepResult.Refused;

/**
 * What processes may see, and nothing of how it comes about: a map from pages to bytes and rights
 * for each process. No tables, no counts, no sharing until somebody writes: a fork copies all.
 */
public final class ReferenceMemory {
  private final Map<String, NavigableMap<Long, ModelPage>> processes = new HashMap<>();
  private final Map<String, Long> heapEnds = new HashMap<>();
  private final Map<String, FileModel> files = new HashMap<>();
  private final Map<String, Cell> pins = new HashMap<>();

  /** Machines have a swap area at first. */
  private boolean swap = true;

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
              mmap.shared()
                  ? ofFile(mmap.rights(), true, new FileModel(mmap.pages()), 0)
                  : i -> ModelPage.anonymous(mmap.rights(), mmap.page() + i));
      case Step.MmapFile mmap -> mmapFile(mmap);
      case Step.Munmap munmap -> munmap(munmap);
      case Step.Mprotect mprotect -> mprotect(mprotect);
      case Step.DontNeed dontNeed -> dontNeed(dontNeed);
      case Step.LazyFree lazyFree -> lazyFree(lazyFree);
      case Step.Brk brk -> brk(brk);
      case Step.Exec exec -> exec(exec.process());
      case Step.Mlock mlock -> mlock(mlock);
      case Step.Munlock munlock -> munlock(munlock);
      case Step.Mremap mremap -> mremap(mremap);
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
      case Step.SwapOff swapOff -> {
        boolean had = swap;
        swap = false;
        yield had ? new Done() : new Refused();
      }
      case Step.SwapOn swapOn -> {
        boolean had = swap;
        swap = true;
        yield had ? new Refused() : new Done();
      }
      case Step.LargeFolios folios -> new Done();
      case Step.FileFolios folios -> new Done();
      case Step.HugePolicy huge -> new Done();
      case Step.Collapse collapse -> new Done();
      case Step.NumaHint hint -> new Done();
      case Step.Khugepaged khugepaged -> new Done();
      case Step.Advise advise -> advise(advise);
      case Step.Pin pin -> pin(pin);
      case Step.DeviceStore store -> {
        if (!pins.containsKey(store.name())) {
          yield new Refused();
        }
        pins.get(store.name()).write(store.value());
        yield new Done();
      }
      case Step.DeviceLoad load ->
          pins.containsKey(load.name()) ? pins.get(load.name()).read() : new Refused();
      case Step.Unpin unpin -> pins.remove(unpin.name()) == null ? new Refused() : new Done();
      case Step.Evict evict -> files.containsKey(evict.file()) ? new Done() : new Refused();
    };
  }

  /** Learns what a step came to that was free to come to several things. */
  public void saw(Step step, StepResult actual) {
    switch (step) {
      case Step.Load load -> seen(load.process(), load.page(), actual);
      case Step.Fetch fetch -> seen(fetch.process(), fetch.page(), actual);
      case Step.DeviceLoad load ->
          Optional.ofNullable(pins.get(load.name())).ifPresent(cell -> cell.wasSeen(actual));
      default -> {
        // Comes to one thing.
      }
    }
  }

  private void seen(String process, long at, StepResult actual) {
    Optional.ofNullable(pagesOf(process).get(at))
        .flatMap(ModelPage::own)
        .ifPresent(cell -> cell.wasSeen(actual));
  }

  /** How many pages a file has; 0 where there is none of that name. */
  public long filePages(String file) {
    return files.containsKey(file) ? files.get(file).pages() : 0;
  }

  /** The files that there are. */
  public List<String> files() {
    return files.keySet().stream().sorted().toList();
  }

  /** Whether there is a swap area. */
  public boolean hasSwap() {
    return swap;
  }

  /** What devices have. */
  public List<String> pins() {
    return pins.keySet().stream().sorted().toList();
  }

  /** The processes that there are. */
  public List<String> processes() {
    return processes.keySet().stream().sorted().toList();
  }

  /** Pages that a process has mapped, ascending. */
  public List<Long> pages(String process) {
    return List.copyOf(pagesOf(process).keySet());
  }

  /** Those of them that are private, of no file, and not locked. */
  public List<Long> anonymousPages(String process) {
    return pagesOf(process).entrySet().stream()
        .filter(page -> page.getValue().file().isEmpty() && !page.getValue().locked())
        .map(Map.Entry::getKey)
        .toList();
  }

  private NavigableMap<Long, ModelPage> pagesOf(String process) {
    return processes.getOrDefault(process, new TreeMap<>());
  }

  private StepResult start(String process) {
    return processes.putIfAbsent(process, new TreeMap<>()) == null ? new Done() : new Refused();
  }

  private StepResult exec(String process) {
    pagesOf(process).clear();
    heapEnds.remove(process);
    return new Done();
  }

  /** A page stays free behind a heap that grows; of one that shrinks something must be left. */
  private StepResult brk(Step.Brk brk) {
    NavigableMap<Long, ModelPage> pages = pagesOf(brk.process());
    long end = heapEnd(brk.process());
    if (brk.page() < Step.HEAP_PAGE
        || (brk.page() > end && mapped(pages, end, brk.page() - end + 1) > 0)
        || (brk.page() < end && mapped(pages, brk.page(), end - brk.page()) == 0)) {
      return new Refused();
    }
    for (long page = end; page < brk.page(); page++) {
      pages.put(page, ModelPage.anonymous(VmaRights.READ_WRITE, page));
    }
    if (brk.page() < end) {
      pages.subMap(brk.page(), end).clear();
    }
    heapEnds.put(brk.process(), brk.page());
    return new Done();
  }

  private long heapEnd(String process) {
    return heapEnds.getOrDefault(process, Step.HEAP_PAGE);
  }

  private StepResult exit(String process) {
    processes.remove(process);
    heapEnds.remove(process);
    return new Done();
  }

  private StepResult fork(Step.Fork fork) {
    if (processes.containsKey(fork.child())) {
      return new Refused();
    }
    NavigableMap<Long, ModelPage> child = new TreeMap<>();
    pagesOf(fork.process())
        .forEach(
            (at, page) -> {
              ModelPage unlocked = page.withLocked(false);
              child.put(
                  at,
                  page.shared() || page.own().isEmpty()
                      ? unlocked
                      : unlocked.owning(page.own().get().copy()));
            });
    processes.put(fork.child(), child);
    heapEnds.put(fork.child(), heapEnd(fork.process()));
    return new Done();
  }

  private StepResult mmap(String process, long first, long count, LongFunction<ModelPage> page) {
    NavigableMap<Long, ModelPage> pages = pagesOf(process);
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
        ofFile(mmap.rights(), mmap.shared(), file, mmap.filePage()));
  }

  /** Memory that is shared and of no file is a file of its own, which has no name. */
  private static LongFunction<ModelPage> ofFile(
      VmaRights rights, boolean shared, FileModel file, long first) {
    return i -> ModelPage.ofFile(rights, shared, file, first + i);
  }

  /** Copies that processes made of pages that are cut off go too. */
  private StepResult truncate(Step.Truncate truncate) {
    FileModel file = files.get(truncate.file());
    if (file == null) {
      return new Refused();
    }
    file.truncate(truncate.pages());
    for (NavigableMap<Long, ModelPage> pages : processes.values()) {
      pages.replaceAll((at, page) -> page.isCutOff(file) ? page.fresh() : page);
    }
    return new Done();
  }

  private static long mapped(NavigableMap<Long, ModelPage> pages, long page, long count) {
    return pages.subMap(page, page + count).size();
  }

  private StepResult munmap(Step.Munmap munmap) {
    pagesOf(munmap.process()).subMap(munmap.page(), munmap.page() + munmap.pages()).clear();
    return new Done();
  }

  private StepResult mprotect(Step.Mprotect mprotect) {
    NavigableMap<Long, ModelPage> pages = pagesOf(mprotect.process());
    if (mapped(pages, mprotect.page(), mprotect.pages()) < mprotect.pages()) {
      return new Refused();
    }
    pages
        .subMap(mprotect.page(), mprotect.page() + mprotect.pages())
        .replaceAll(
            (at, page) -> {
              ModelPage changed = page.with(mprotect.rights());
              return page.locked() && !page.rights().write() ? changed.populated() : changed;
            });
    return new Done();
  }

  private StepResult dontNeed(Step.DontNeed dontNeed) {
    NavigableMap<Long, ModelPage> pages = pagesOf(dontNeed.process());
    if (mapped(pages, dontNeed.page(), dontNeed.pages()) < dontNeed.pages()
        || pages.subMap(dontNeed.page(), dontNeed.page() + dontNeed.pages()).values().stream()
            .anyMatch(ModelPage::locked)) {
      return new Refused();
    }
    pages
        .subMap(dontNeed.page(), dontNeed.page() + dontNeed.pages())
        .replaceAll((at, page) -> page.shared() ? page : page.fresh());
    return new Done();
  }

  /** Each is what it was or zero from now on, until zero is seen or it is written. */
  private StepResult lazyFree(Step.LazyFree lazyFree) {
    NavigableMap<Long, ModelPage> pages = pagesOf(lazyFree.process());
    Map<Long, ModelPage> freed = pages.subMap(lazyFree.page(), lazyFree.page() + lazyFree.pages());
    if (freed.size() < lazyFree.pages()
        || freed.values().stream().anyMatch(page -> page.locked() || page.file().isPresent())) {
      return new Refused();
    }
    freed.values().forEach(page -> page.own().orElseThrow().freeLazily());
    return new Done();
  }

  private StepResult advise(Step.Advise advise) {
    NavigableMap<Long, ModelPage> pages = pagesOf(advise.process());
    if (mapped(pages, advise.page(), advise.pages()) < advise.pages()) {
      return new Refused();
    }
    pages
        .subMap(advise.page(), advise.page() + advise.pages())
        .replaceAll((at, page) -> page.withAdvice(advise.advice()));
    return new Done();
  }

  private StepResult mremap(Step.Mremap mremap) {
    NavigableMap<Long, ModelPage> pages = pagesOf(mremap.process());
    long first = mremap.page();
    long behind = first + mremap.pages();
    if (mremap.pages() == 0 || mremap.newPages() == 0 || !isOneMapping(pages, first, behind)) {
      return new Refused();
    }
    long more = mremap.newPages() - mremap.pages();
    if (mremap.target().isEmpty() && more > 0 && mapped(pages, behind, more) > 0) {
      return new Refused();
    }
    long to = mremap.target().orElse(first);
    if (mremap.target().isPresent() && to < behind && first < to + mremap.newPages()) {
      return new Refused();
    }
    List<ModelPage> old = List.copyOf(pages.subMap(first, behind).values());
    pages.subMap(first, behind).clear();
    pages.subMap(to, to + mremap.newPages()).clear();
    for (int i = 0; i < mremap.newPages(); i++) {
      pages.put(to + i, i < old.size() ? old.get(i) : added(old.getFirst(), i));
    }
    return new Done();
  }

  private static ModelPage added(ModelPage first, int pages) {
    ModelPage page = first.next(pages);
    return page.locked() ? page.populated() : page;
  }

  /** Locks all, then has pages in memory up to the first that cannot be. */
  private StepResult mlock(Step.Mlock mlock) {
    NavigableMap<Long, ModelPage> all = pagesOf(mlock.process());
    NavigableMap<Long, ModelPage> pages =
        all.subMap(mlock.page(), true, mlock.page() + mlock.pages(), false);
    if (pages.size() < mlock.pages()) {
      return new Refused();
    }
    pages.replaceAll((at, page) -> page.withLocked(true));
    for (Map.Entry<Long, ModelPage> entry : pages.entrySet()) {
      ModelPage page = entry.getValue();
      if (page.rights().equals(VmaRights.NONE)) {
        return new NotPermitted();
      }
      if (!page.exists()) {
        return new BeyondFile();
      }
      entry.setValue(page.populated());
    }
    return new Done();
  }

  private StepResult munlock(Step.Munlock munlock) {
    NavigableMap<Long, ModelPage> pages = pagesOf(munlock.process());
    if (mapped(pages, munlock.page(), munlock.pages()) < munlock.pages()) {
      return new Refused();
    }
    pages
        .subMap(munlock.page(), munlock.page() + munlock.pages())
        .replaceAll((at, page) -> page.withLocked(false));
    return new Done();
  }

  private static boolean isOneMapping(
      NavigableMap<Long, ModelPage> pages, long first, long behind) {
    List<ModelPage> there = List.copyOf(pages.subMap(first, behind).values());
    boolean joined = there.size() == behind - first;
    for (int i = 1; joined && i < there.size(); i++) {
      joined = there.get(i - 1).joins(there.get(i));
    }
    return joined;
  }

  /** What a device has is what the process sees there, for as long as it does not unmap it. */
  private StepResult pin(Step.Pin pin) {
    ModelPage page = pagesOf(pin.process()).get(pin.page());
    if (pins.containsKey(pin.name()) || page == null || !page.rights().write() || !page.exists()) {
      return new Refused();
    }
    ModelPage own = page.shared() ? page : page.populated();
    pagesOf(pin.process()).put(pin.page(), own);
    pins.put(pin.name(), own.own().orElseGet(() -> own.file().orElseThrow().cell()));
    return new Done();
  }

  private StepResult access(String process, long at, char kind, byte value) {
    ModelPage page = pagesOf(process).get(at);
    if (page == null) {
      return new NotMapped();
    }
    VmaRights rights = page.rights();
    boolean permitted = kind == 'r' ? rights.read() : kind == 'w' ? rights.write() : rights.exec();
    if (!permitted) {
      return new NotPermitted();
    }
    if (!page.exists()) {
      return new BeyondFile();
    }
    Cell seen = page.own().orElseGet(() -> page.file().orElseThrow().cell());
    if (kind != 'w') {
      return seen.read();
    }
    if (page.shared() || page.own().isPresent()) {
      seen.write(value);
    } else {
      pagesOf(process).put(at, page.owning(new Cell(value)));
    }
    return new Done();
  }
}

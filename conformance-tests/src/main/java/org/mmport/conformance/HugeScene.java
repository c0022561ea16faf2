package org.mmport.conformance;

import java.util.Map;
import java.util.TreeMap;
import org.mmport.machine.Folios;
import org.mmport.machine.Steps;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.HugePages;
import org.mmport.mm.MmSystem;
import org.mmport.pgtable.TableVisitor;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.Script;
import org.mmport.scenario.Simulation;
import org.mmport.spi.Level;

/**
 * A scene on a variant that has huge pages. One could be at page 20, where tables begin, and one
 * behind it.
 */
final class HugeScene implements AutoCloseable {
  /** The first page that a huge page could have. */
  static final long FIRST = MmBench.PAGES_BEFORE;

  private final ClauseContext c;
  private final Scene scene;
  private final long pages;

  /** Not applicable where there are none. */
  HugeScene(ClauseContext c) {
    this(c, Steps.NONE);
  }

  /** The same, of which somebody is told what its threads do. */
  HugeScene(ClauseContext c, Steps steps) {
    this.c = c;
    this.scene = new Scene(c, steps);
    this.pages = scene.bench().hugePages();
    if (pages == 0) {
      scene.close();
      throw c.notApplicable(c.variant().id() + " has no huge pages for processes");
    }
  }

  /** How many pages each has. */
  long pages() {
    return pages;
  }

  Scene scene() {
    return scene;
  }

  MmSystem system() {
    return scene.bench().system();
  }

  Folios folios() {
    return system().folios();
  }

  AddressSpace process(String name) {
    return scene.process(name);
  }

  HugePages huge(String process) {
    return new HugePages(process(process));
  }

  /**
   * Runs a script, in which {@code $n} is how many pages a huge page has, {@code $half} half of
   * that, {@code $mid}, {@code $last}, {@code $behind} and {@code $odd} are its middle page, its
   * last one, and the two behind, and {@code $order} the order of its folio. There are so many
   * pages that all is counted anew at the end only.
   */
  void play(String text) {
    String script = script(text);
    Script.parse(script.lines().toList()).lines().forEach(scene::step);
    scene.sound("after '" + script.strip().replace("\n", "; ") + "'");
  }

  /** With numbers for all of these. */
  String script(String text) {
    return text.replace("$n", String.valueOf(pages))
        .replace("$order", String.valueOf(Long.numberOfTrailingZeros(pages)))
        .replace("$half", String.valueOf(pages / 2))
        .replace("$mid", String.valueOf(FIRST + pages / 2))
        .replace("$last", String.valueOf(FIRST + pages - 1))
        .replace("$behind", String.valueOf(FIRST + pages))
        .replace("$odd", String.valueOf(FIRST + pages + 1));
  }

  long va(long page) {
    return Simulation.beforeBoundary(c.geometry(), MmBench.PAGES_BEFORE)
        + page * c.geometry().pageBytes();
  }

  /** What maps a page, read from the tables. */
  record Mapped(long raw, Level level, long va) {}

  Mapped at(String process, long page) {
    TreeMap<Long, Mapped> leaves = new TreeMap<>(Long::compareUnsigned);
    process(process)
        .pageTable()
        .walker()
        .visit(
            va(page),
            va(page) + c.geometry().pageBytes() - 1,
            new TableVisitor() {
              @Override
              public void table(long tableAddr, Level level, long firstVa) {
                // Only what is mapped is of interest.
              }

              @Override
              public void leaf(long va, long raw, Level level, int rights) {
                leaves.put(va, new Mapped(raw, level, va));
              }

              @Override
              public void nonPresent(long va, long raw, Level level) {
                leaves.put(va, new Mapped(raw, level, va));
              }
            });
    Map.Entry<Long, Mapped> found = leaves.floorEntry(va(page));
    if (found == null
        || va(page) - found.getKey() >= c.geometry().spanBytes(found.getValue().level())) {
      throw c.failure(" va=" + ClauseContext.hex(va(page)), "something mapped", "nothing");
    }
    return found.getValue();
  }

  /** The frame of a page. */
  long pfn(String process, long page) {
    Mapped mapped = at(process, page);
    long physAddr = c.format().physAddr(mapped.raw(), mapped.level()) + va(page) - mapped.va();
    return physAddr >>> c.geometry().pageShift();
  }

  boolean isHuge(String process, long page) {
    return at(process, page).level() != Level.PTE;
  }

  /** That a page is mapped by a leaf above the last level, or that it is not. */
  void huge(String process, long page, boolean expected, String when) {
    c.checkVa(
        isHuge(process, page) == expected,
        va(page),
        expected ? "a huge page " + when : "entries of the last level " + when,
        at(process, page));
  }

  /** That counts of a folio are so. */
  void counts(String when, long head, int references, int entire, int maps) {
    String expected =
        "%d references, %d entire mapcounts, %d mapcounts".formatted(references, entire, maps);
    String found =
        "%d references, %d entire mapcounts, %d mapcounts"
            .formatted(
                folios().refCount(head),
                folios().entireMapCount(head),
                folios().totalMapCount(head));
    c.check(found.equals(expected), expected + " " + when, found);
  }

  @Override
  public void close() {
    scene.close();
  }
}

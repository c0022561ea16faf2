package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.compare.ForkCase;
import org.mmport.compare.ForkCost;
import org.mmport.compare.ForkTrial;
import org.mmport.compare.ForkWay;
import org.mmport.fork.ForkStrategies;
import org.mmport.mm.ForkStrategy;
import org.mmport.spi.MmuVariant;

/** {@code mmport compare fork}: what it counts, prints and draws. */
class CompareForkCommandTest {
  private static final int PAGES = 16_384;

  private static Map<String, ForkCost> atFork(String variant, int pages, int children) {
    MmuVariant of = Ports.variant(variant);
    Map<String, ForkCost> costs = new HashMap<>();
    for (ForkStrategy way : ForkStrategies.all()) {
      costs.put(
          way.name(),
          ForkTrial.counted(new ForkCase(pages, List.of(), 0, children, 0), way, of).atFork());
    }
    return costs;
  }

  private static ForkCost of(Map<String, ForkCost> costs, String way) {
    ForkCost cost = costs.get(way);
    if (cost == null) {
      throw new IllegalStateException("no way to fork is called " + way);
    }
    return cost;
  }

  /** T1: 64 MiB of x86_64 are 32 PTE tables below one of each level above. */
  @Test
  void tablesOfEachWay() {
    Map<String, ForkCost> costs = atFork("x86_64/4level", PAGES, 1);
    assertEquals(35, of(costs, "eager").tables());
    assertEquals(3, of(costs, "lazy").tables());
    assertEquals(2, of(costs, "lazy-pmd").tables());
    assertEquals(1, of(costs, "lazy-all").tables());
    assertEquals(35 * 4096, of(costs, "eager").tableBytes());
    assertEquals(4096, of(costs, "lazy-all").tableBytes());
  }

  /** T3: at least 65 times fewer entries, and next to none more for each page more. */
  @Test
  void lazyForksTouchFewEntries() {
    Map<String, ForkCost> small = atFork("x86_64/4level", PAGES / 2, 1);
    Map<String, ForkCost> large = atFork("x86_64/4level", PAGES, 1);
    long eager = of(large, "eager").entries();
    assertTrue(eager >= 3 * PAGES, "an eager fork touches " + eager);
    assertTrue(
        of(large, "lazy").entries() * 65 <= eager,
        "a lazy one touches %s beside %d".formatted(of(large, "lazy"), eager));
    long eagerMore = eager - of(small, "eager").entries();
    long lazyMore = of(large, "lazy").entries() - of(small, "lazy").entries();
    assertTrue(lazyMore * 50 <= eagerMore, lazyMore + " more beside " + eagerMore);
  }

  /** T2: where tables cannot be write-protected, the first fork does it leaf by leaf, no other. */
  @Test
  void laterForksOfTheSameTouchNoLeaf() {
    long one = of(atFork("ppc64/radix-4k", 2_048, 1), "lazy").entriesWritten();
    long four = of(atFork("ppc64/radix-4k", 2_048, 4), "lazy").entriesWritten();
    assertTrue(one >= 2_048, one + " written by the first fork");
    assertTrue(four - one < 100, (four - one) + " written by three more");
  }

  /** T18: what folios count is changed once for each of 16 pages; entries are written as before. */
  @Test
  void batchesChangeCountsByFolios() {
    MmuVariant variant = Ports.variant("x86_64/4level");
    ForkCase forkCase = new ForkCase(1024, List.of(4), 0, 1, 0);
    ForkCost eager = ForkTrial.counted(forkCase, ForkStrategy.EAGER, variant).atFork();
    ForkCost batched =
        ForkTrial.counted(forkCase, ForkStrategies.named("batched"), variant).atFork();
    assertEquals(eager.entriesWritten(), batched.entriesWritten());
    // Reference and map count in one, the page's own map count, and the mark of who has it alone.
    assertEquals(3 * 1024, eager.folioChanges());
    // The page's map count and mark; the folio's references and map counts once.
    assertEquals(2 * 1024 + 2 * 64, batched.folioChanges());
  }

  /**
   * R4.31, T21: one by one, each run is dissolved and made again, with a flush each time; batches
   * touch none. All pages were written, so the first entry of a run has all marks that others could
   * add, and who knows of runs reads no fewer.
   */
  @Test
  void naiveContpteIsACliff() {
    ForkCase forkCase = new ForkCase(1024, List.of(4), 0, 1, 0);
    Map<String, ForkCost> costs = new HashMap<>();
    for (ForkWay way : ForkWay.of(Ports.variant("arm64/4k-va48"))) {
      ForkCost cost = ForkTrial.counted(forkCase, way.strategy(), way.variant()).atFork();
      costs.put(way.strategy().name(), cost);
    }
    ForkCost naive = of(costs, "naive-contpte");
    ForkCost batched = of(costs, "batched");
    assertEquals(1, batched.flushes());
    // The parent's dissolved and made again, the child's made, of 64 runs.
    assertEquals(3 * 64 + 1, naive.flushes());
    // The parent's emptied, stored, protected, emptied and stored; the child's three times.
    assertEquals(
        (5 + 3) * 1024, naive.entriesWritten() - batched.entriesWritten() + 2 * 1024, "writes");
    assertTrue(10 * naive.entries() >= 39 * batched.entries(), naive + " beside " + batched);
    ForkCost known = of(costs, "known-contpte");
    assertEquals(batched.entriesWritten(), known.entriesWritten());
    assertEquals(batched.entriesRead(), known.entriesRead());
  }

  @Test
  void printsARowForEachWay() {
    Run outcome = Run.of("compare", "fork", "x86_64/4level", "arm64/4k-va39", "--pages", "64");
    assertEquals(0, outcome.exit(), outcome.err());
    List<String> rows = outcome.out().lines().skip(2).toList();
    assertEquals(2 * ForkStrategies.all().size() + 2, rows.size(), outcome.out());
    assertTrue(rows.getLast().startsWith("arm64/4k-va39          known-contpte "), rows.getLast());
    assertTrue(rows.getFirst().startsWith("x86_64/4level          eager "), rows.getFirst());
    assertTrue(rows.getFirst().endsWith(" " + "#".repeat(30)), rows.getFirst());
  }

  @Test
  void timesAreTakenWhereTheyAreAskedFor() {
    ForkCase forkCase = new ForkCase(64, List.of(), 0, 1, 50);
    ForkTrial counted =
        ForkTrial.counted(forkCase, ForkStrategy.EAGER, Ports.variant("arm64/16k-va47"));
    assertEquals(0, counted.atFork().nanos() + counted.after().nanos());
    ForkTrial timed = counted.timed(forkCase);
    assertTrue(timed.atFork().nanos() > 0 && timed.after().nanos() > 0, timed.toString());
    assertEquals(counted.atFork().entries(), timed.atFork().entries());
    Run run = Run.of("compare", "fork", "x86/pae", "--pages", "16", "--times");
    assertTrue(run.out().lines().findFirst().orElseThrow().endsWith("us        us"), run.out());
  }

  @Test
  void drawsAChartThatIsXml(@TempDir Path folder) throws Exception {
    Path svg = folder.resolve("fork.svg");
    Run outcome =
        Run.of("compare", "fork", "x86_64/la57", "--pages", "64", "--pins", "2", "--svg", svg + "");
    assertEquals(0, outcome.exit(), outcome.err());
    var drawn = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(svg.toFile());
    assertEquals("svg", drawn.getDocumentElement().getTagName());
    assertTrue(Files.readString(svg).contains("64 pages, 2 pinned, 1 child<"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--pages 0 | pages 0: must be 1 to 262144",
        "--pages 10 --pins 11 | pins 11: must be 0 to 10",
        "--children 65 | children 65: must be 1 to 64",
        "--folios 40 x86/pae | 40",
        "--written 101 | written 101: must be 0 to 100",
        "arm7 | arm7",
        "--pages 10 --svg /nowhere/at/all.svg x86/pae | /nowhere/at/all.svg: cannot be written",
      })
  void badInputIsOneLine(String args, String reason) {
    Run outcome = Run.of(("compare fork " + args).split(" "));
    assertEquals(2, outcome.exit());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    assertTrue(outcome.err().contains(reason), outcome.err());
  }

  @Test
  void compareAloneSaysWhatThereIs() {
    Run outcome = Run.of("compare");
    assertEquals(2, outcome.exit());
    assertTrue(outcome.err().contains("compare what? One of [fork]"), outcome.err());
  }
}

package org.mmport.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mmport.conformance.ConformanceSuite;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;

/** Entries read and written, beside what follows from the geometry by hand. */
class EntryCountsTest {
  private static final List<String> ONE_STORE =
      List.of("start a", "mmap a 0 1 rw- private", "cpu0 store a 0 7");

  private static final List<String> FORKED =
      List.of("start a", "mmap a 0 1 rw- private", "cpu0 store a 0 7", "fork a b", "cpu1 load b 0");

  private static MmuVariant variant(String id) {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static ScenarioCounts counts(String id, List<String> script) {
    return ScenarioRun.run(Script.parse(script), variant(id)).counts();
  }

  private static void assertEntries(
      ScenarioCounts counts, long read, long written, long walked, long marked) {
    assertEquals(
        List.of(read, written, walked, marked),
        List.of(
            counts.softwareReads(),
            counts.softwareWrites(),
            counts.hardwareReads(),
            counts.hardwareWrites()));
  }

  /**
   * The fault looks for the PTE table and meets an empty root (1), and again with the lock for
   * hooking tables (1): below it there is nothing to read but the leaf's entry (1). It stores three
   * tables and a leaf. A walk ends at the empty root (1), the next one reads four levels. The leaf
   * was made young and dirty, so nothing is marked.
   */
  @Test
  void aStoreOnFourLevels() {
    assertEntries(counts("x86_64/4level", ONE_STORE), 1 + 1 + 1, 3 + 1, 1 + 4, 0);
  }

  /**
   * Two tables are hooked. The CPU keeps the root's four entries: it loads them with the root, and
   * again as one of them has changed; walks read what is below.
   */
  @Test
  void aStoreOnPaeWhoseEntriesSoftwareHandlesInHalves() {
    assertEntries(counts("x86/pae", ONE_STORE), 1 + 1 + 1, 2 + 1, 4 + 4 + 2, 0);
  }

  /** One table is hooked; entries are half as wide, and that is no half of one. */
  @Test
  void aStoreOnTwoLevels() {
    assertEntries(counts("x86/2level", ONE_STORE), 1 + 1 + 1, 1 + 1, 1 + 2, 0);
  }

  /**
   * The tree is read by software alone: a hash fault ends at the empty root (1), the next one reads
   * four levels, and the leaf once more before it notes in it that it is hashed.
   */
  @Test
  void aStoreWithAHashTable() {
    assertEntries(counts("ppc64/hash-4k", ONE_STORE), 3 + 1 + 4 + 1, 4 + 1, 0, 0);
  }

  /**
   * The child's tables: three and a leaf; the parent's leaf is made read-only. The child's leaf is
   * old until its CPU walks four levels to it.
   */
  @Test
  void aForkWritesBothSidesAndTheChildsWalkMarks() {
    ScenarioCounts before = counts("x86_64/4level", ONE_STORE);
    ScenarioCounts after = counts("x86_64/4level", FORKED);
    assertEquals(3 + 1 + 1, after.softwareWrites() - before.softwareWrites());
    assertEquals(4, after.hardwareReads() - before.hardwareReads());
    assertEquals(1, after.hardwareWrites());
  }

  /** Two ways of counting: by steps that memory tells of, and by the walker itself. */
  @Test
  void hardwareReadsAreThoseThatWalkersCount() {
    for (MmuVariant variant : ConformanceSuite.variants()) {
      ScenarioCounts counts = counts(variant.id(), FORKED);
      boolean hashed = variant.has(MmuFeature.HASHED);
      assertEquals(hashed ? 0 : counts.cpus().entriesRead(), counts.hardwareReads(), variant.id());
      long marks = counts.cpus().accessedMarks() + counts.cpus().dirtyMarks();
      assertEquals(hashed ? 0 : marks, counts.hardwareWrites(), variant.id());
    }
  }

  /** Whoever listens changes nothing of what is counted otherwise. */
  @Test
  void countingChangesNothing() {
    for (MmuVariant variant : ConformanceSuite.variants()) {
      Script script = Script.parse(FORKED);
      try (MmBench bench = new MmBench(variant)) {
        script.lines().forEach(line -> bench.simulation().run(line.step()));
        ScenarioCounts counted = ScenarioRun.run(script, variant).counts();
        assertEquals(bench.system().cpus().counts(), counted.cpus(), variant.id());
        assertEquals(bench.system().faults(), counted.faults(), variant.id());
      }
    }
  }
}

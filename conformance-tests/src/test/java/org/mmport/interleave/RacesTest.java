package org.mmport.interleave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.fork.LazyCopy;
import org.mmport.mm.ForkStrategy;
import org.mmport.spi.MmuVariant;

/**
 * Every order with at most two preemptions of each race is right, on a variant of each kind:
 * hardware that marks entries, entries stored in halves, break-before-make, a hash table, table
 * entries without rights.
 */
@Execution(ExecutionMode.CONCURRENT)
class RacesTest {
  private static final int PREEMPTIONS = 2;
  private static final long MAX_SCHEDULES = 20_000;
  private static final List<String> VARIANTS =
      List.of("x86_64/4level", "x86/pae", "arm64/4k-va48", "ppc64/hash-4k", "ppc64/radix-4k");

  private static Map<String, Function<MmuVariant, Program>> races() {
    Map<String, Function<MmuVariant, Program>> races = new LinkedHashMap<>();
    races.put("two stores", Races::twoStores);
    races.put("load, store", Races::loadAgainstStore);
    for (ForkStrategy way : List.of(ForkStrategy.EAGER, LazyCopy.PTE_TABLES, LazyCopy.ALL_TABLES)) {
      String by = ", " + way.name();
      races.put("parent, child" + by, variant -> ForkRaces.parentAgainstChild(variant, way));
      races.put("store, fork" + by, variant -> ForkRaces.storeAgainstFork(variant, way));
    }
    ForkStrategy lazy = LazyCopy.PTE_TABLES;
    races.put("store, load, lazy", variant -> ForkRaces.storeAgainstLoad(variant, lazy));
    races.put("store, exit, lazy", variant -> ForkRaces.storeAgainstExit(variant, lazy));
    races.put("store, reclaim, lazy", variant -> ForkRaces.storeAgainstReclaim(variant, lazy));
    races.put("store, store, lazy", variant -> ForkRaces.storesOfSharedMemory(variant, lazy));
    races.put(
        "store, writeBack, lazy", variant -> FileRaces.storeOfChildAgainstWriteBack(variant, lazy));
    races.put("store, munmap", Races::storeAgainstMunmap);
    races.put("store, mprotect", Races::storeAgainstMprotect);
    races.put("store, dontNeed", Races::storeAgainstDontNeed);
    races.put("switch, munmap", Races::switchAgainstMunmap);
    races.put("store, batched fork", FolioRaces::storeAgainstBatchedFork);
    races.put("store, exit of a child", FolioRaces::storeAgainstExit);
    races.put("store, split", FolioRaces::storeAgainstSplit);
    races.put("store, reclaim of a folio", FolioRaces::storeAgainstReclaim);
    races.put("two pages of no table", FaultRaces::twoPagesOfNoTable);
    races.put("two pages of one table", FaultRaces::twoPagesOfOneTable);
    races.put("two pages of one folio", FaultRaces::twoPagesOfOneFolio);
    races.put("two reuses", FaultRaces::twoReuses);
    races.put("two copies", FaultRaces::twoCopies);
    races.put("copy, munmap", FaultRaces::copyAgainstMunmap);
    races.put("fault, munmap", FaultRaces::againstMunmap);
    races.put("fault, mprotect", FaultRaces::againstMprotect);
    races.put("fault, exit", FaultRaces::againstExit);
    races.put("fault, reclaim", FaultRaces::againstReclaim);
    for (ForkStrategy way : List.of(ForkStrategy.EAGER, LazyCopy.PTE_TABLES)) {
      races.put("fault, fork, " + way.name(), variant -> FaultRaces.againstFork(variant, way));
    }
    races.put("spaces: munmap, munmap", SpaceRaces::twoMunmaps);
    races.put("spaces: munmap, munmap of a slot", SpaceRaces::twoMunmapsOfASlot);
    races.put("spaces: munmap, munmap from swap", SpaceRaces::twoMunmapsOfACachedPage);
    races.put("spaces: munmap, store", SpaceRaces::munmapAgainstStoreOfOther);
    races.put("spaces: mmap, last munmap", SpaceRaces::mmapAgainstLastMunmap);
    races.put("spaces: mmap, last munmap of a file", SpaceRaces::mmapAgainstLastMunmapOfFile);
    races.put("spaces: munmap, munmap of shared memory", SpaceRaces::munmapsOfSharedMemory);
    races.put("spaces: reclaim, munmap, dontNeed", SpaceRaces::mapAgainstReclaim);
    races.put("store, writeBack", FileRaces::storeAgainstWriteBack);
    races.put("store, munmap of a file", FileRaces::storeAgainstMunmapOfFile);
    races.put("munmap of a file, evict", FileRaces::munmapAgainstEvict);
    races.put("load, evict", FileRaces::loadAgainstEvict);
    races.put("store, truncate", FileRaces::storeAgainstTruncate);
    return races;
  }

  static Stream<Arguments> racesOfVariants() {
    return VARIANTS.stream()
        .flatMap(
            id ->
                races().keySet().stream()
                    .filter(race -> isApart(id, race))
                    .map(race -> Arguments.of(id, race)));
  }

  /**
   * A variant with a hash table shares no tables; radix write-protects what is below them, and is
   * like x86_64 but for that.
   */
  private static boolean isApart(String id, String race) {
    boolean lazy = race.contains("lazy");
    boolean fault = race.startsWith("fault") || race.startsWith("two ");
    if (race.startsWith("spaces")) {
      return !id.equals("ppc64/radix-4k");
    }
    return id.equals("ppc64/hash-4k") ? !lazy : !id.equals("ppc64/radix-4k") || lazy || fault;
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("racesOfVariants")
  void isRightInEveryOrder(String id, String race) {
    Program program = Optional.ofNullable(races().get(race)).orElseThrow().apply(Races.variant(id));
    Exploration found = new Explorer(program, MAX_SCHEDULES).upTo(PREEMPTIONS);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete(), found.toString());
    assertTrue(found.schedules() >= 20 && found.shared() > 0, "hardly anything met: " + found);
  }

  /** Many entries, so one preemption: with two there are 15 249 orders, found right as well. */
  @Test
  void runsAreMadeUnderTheLockOfTheTable() {
    Program program = FaultRaces.twoPagesOfOneRun(Races.variant("arm64/4k-va48"));
    Exploration found = new Explorer(program, MAX_SCHEDULES).upTo(1);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete() && found.schedules() >= 100, found.toString());
  }

  /** Nothing but what two address spaces have in common meets here, often: so one preemption. */
  @ParameterizedTest
  @ValueSource(strings = {"x86_64/4level", "x86/pae", "arm64/4k-va48", "ppc64/hash-4k"})
  void addressSpacesChangeSideBySide(String id) {
    Program program = SpaceRaces.mapAndUnmap(Races.variant(id));
    Exploration found = new Explorer(program, MAX_SCHEDULES).upTo(1);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete() && found.schedules() >= 100, found.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64/4level", "x86/pae", "arm64/4k-va48", "ppc64/hash-4k"})
  void threeThreadsAreRightInRandomOrders(String id) {
    Explorer explorer = new Explorer(Races.family(Races.variant(id)), MAX_SCHEDULES);
    Exploration found = explorer.random(1, 150, 4);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete(), found.toString());
  }
}

package org.mmport.interleave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;
import org.mmport.interleave.SmallFaults.Mistake;
import org.mmport.mm.ForkStrategy;
import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.LeafTable;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TlbDuty;

/**
 * Cores with one thing wrong that only an interleaving shows: each must be caught, in few
 * preemptions, and fail again from what is printed. What is right passes beside it.
 */
class TwinsTest {
  private static final int PREEMPTIONS = 2;
  private static final long MAX_SCHEDULES = 5_000;

  private static void isCaught(Program broken, String reason) {
    Explorer explorer = new Explorer(broken, MAX_SCHEDULES);
    Exploration found = explorer.upTo(PREEMPTIONS);
    assertTrue(found.failure().isPresent(), "nothing was seen of it: " + found);
    Failure failure = found.failure().get();
    assertTrue(failure.reason().contains(reason), failure.toString());
    assertEquals(1, failure.toString().lines().count(), failure.toString());
    Schedule printed = Schedule.parse(failure.schedule().toString());
    assertEquals(Optional.of(failure.reason()), explorer.again(printed).map(Failure::reason));
  }

  private static void isRight(Program program) {
    Exploration found = new Explorer(program, MAX_SCHEDULES).upTo(PREEMPTIONS);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete(), found.toString());
  }

  // The core with a part of a port in the place of the right one.

  /** As it would be without compare-and-set: what hardware marks meanwhile is overwritten. */
  private static void loadAndStore(LeafTable table, int index, LongUnaryOperator to) {
    long old = table.get(index);
    long changed = to.applyAsLong(old);
    if (changed != old) {
      table.set(index, changed);
      table.owe(index, 1, old, changed);
    }
  }

  @Test
  void writeProtectingByLoadAndStoreLosesDirty() {
    BatchOps hasty =
        new BatchOps() {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {
            loadAndStore(table, index, raw -> table.format().wrProtect(raw, table.level()));
          }
        };
    MmuVariant broken = Races.variant("x86_64/4level").withBatchOps(hasty);
    isCaught(FileRaces.rewriteAgainstWriteBack(broken), "where 2 was stored");
    isRight(FileRaces.rewriteAgainstWriteBack(Races.variant("x86_64/4level")));
  }

  @Test
  void clearingByLoadAndStoreLosesDirty() {
    BatchOps hasty =
        new BatchOps() {
          @Override
          public long clear(LeafTable table, int index, int nr) {
            long old = table.get(index);
            table.set(index, table.format().empty(table.level()));
            return old;
          }
        };
    MmuVariant broken = Races.variant("x86_64/4level").withBatchOps(hasty);
    isCaught(FileRaces.rewriteAgainstMunmap(broken), "where 2 was stored");
    isRight(FileRaces.rewriteAgainstMunmap(Races.variant("x86_64/4level")));
  }

  /** Only what ceases to be present is flushed. */
  @Test
  void forkWithoutFlushLetsTheParentWriteOn() {
    MmuVariant good = Races.variant("x86_64/4level");
    MmuVariant broken =
        good.withTlbRules(
            (oldRaw, newRaw, level) ->
                good.format().present(newRaw, level)
                    ? TlbDuty.NONE
                    : good.tlbRules().duty(oldRaw, newRaw, level));
    isCaught(
        ForkRaces.storeAgainstFork(broken, ForkStrategy.EAGER),
        "a store after the fork is in the child");
    isCaught(FolioRaces.storeAgainstBatchedFork(broken), "a store after the fork is in the child");
  }

  @Test
  void unmappingWithoutFlushLeavesAWay() {
    MmuVariant broken =
        Races.variant("arm64/4k-va48").withTlbRules((oldRaw, newRaw, level) -> TlbDuty.NONE);
    isCaught(Races.storeAgainstMunmap(broken), "flush before freeing");
  }

  @Test
  void faultsThatReplaceWhatIsThereLoseAStore() {
    BatchOps blind =
        new BatchOps() {
          @Override
          public long get(EntryArray table, int index) {
            long raw = table.get(index);
            return table.format().write(raw, table.level())
                ? table.format().empty(table.level())
                : raw;
          }
        };
    MmuVariant broken = Races.variant("x86_64/4level").withBatchOps(blind);
    isCaught(Races.twoStores(broken), "");
  }

  // What the core does in one order, in another.

  /** No reader may meet the new low half with the old high one. */
  @Test
  void halvesInTheWrongOrderAreSeen() {
    isCaught(PageRaces.mapInHalves(PageRaces.Order.LOW_FIRST), "goes to 0x1000, not");
    isRight(PageRaces.mapInHalves(PageRaces.Order.HIGH_FIRST));
    isRight(PageRaces.mapByTheCore());
  }

  /** Failed, with {@code B6 A9 B1 A5 B1}, while CPUs loaded halves one by one. */
  @Test
  void hardwareLoadsHalvesAtOnce() {
    Exploration found = new Explorer(PageRaces.remapInHalves(), MAX_SCHEDULES).upTo(3);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete(), found.toString());
  }

  @Test
  void pagesFreedBeforeTheFlushAreStillUsed() {
    for (String id : List.of("x86_64/4level", "ppc64/hash-4k")) {
      MmuVariant variant = Races.variant(id);
      isCaught(PageRaces.unmap(variant, PageRaces.Order.FREE_FIRST), "flush before freeing");
      isRight(PageRaces.unmap(variant, PageRaces.Order.FLUSH_FIRST));
    }
  }

  @Test
  void mapcountsBeforeReferencesAreRefused() {
    isCaught(PageRaces.dup(PageRaces.Order.MAPCOUNT_FIRST), "needs 0 <= mapcounts <= references");
    isRight(PageRaces.dup(PageRaces.Order.REFERENCE_FIRST));
  }

  @Test
  void mapcountsOfABatchBeforeItsReferencesAreRefused() {
    isCaught(FolioRaces.dup(PageRaces.Order.MAPCOUNT_FIRST), "needs 0 <= mapcounts <= references");
    isRight(FolioRaces.dup(PageRaces.Order.REFERENCE_FIRST));
  }

  @Test
  void dirtyLookedAtBeforeReferencesDropsAPage() {
    isCaught(PageRaces.drop(PageRaces.Order.DIRTY_FIRST), "dropped while it is dirty");
    isRight(PageRaces.drop(PageRaces.Order.REFERENCE_FIRST));
  }

  @Test
  void locksInOppositeOrderAreNamed() {
    isCaught(
        PageRaces.locks(PageRaces.Order.NODE_FIRST),
        "takes file 1 while it holds node 0; file comes before node");
    isRight(PageRaces.locks(PageRaces.Order.FILE_FIRST));
  }

  // Faults side by side.

  @Test
  void faultsThatDoNotLookAgainUnderTheLockLoseAPage() {
    isCaughtInFaults(SmallFaults::samePage, Mistake.NO_SECOND_LOOK, "2 pages are noted, 1 are");
  }

  @Test
  void faultsThatMakeTablesWithoutTheLockLoseATable() {
    isCaughtInFaults(
        SmallFaults::sameTable, Mistake.TABLE_MADE_WITHOUT_LOCK, "2 frames are left in use");
  }

  @Test
  void faultsThatCountWithWhatWasReadBeforeTheLockCountTooFew() {
    isCaughtInFaults(
        SmallFaults::sameTable, Mistake.NOTE_READ_BEFORE_LOCK, "1 pages are noted, 2 are mapped");
  }

  @Test
  void pagesThatAreGivenBackTwiceAreNotInUse() {
    isCaughtInFaults(SmallFaults::samePage, Mistake.GIVEN_BACK_TWICE, "in no folio in use");
  }

  @Test
  void pagesThatTheLoserKeepsAreLeft() {
    isCaughtInFaults(SmallFaults::samePage, Mistake.LOSER_KEEPS_ITS_PAGE, "1 frames are left");
  }

  @Test
  void pagesThatAreClearedWhenMappedLoseAStore() {
    isCaughtInFaults(SmallFaults::samePage, Mistake.CLEARED_WHEN_MAPPED, "a store has been lost");
  }

  @Test
  void whatIsSharedAndKeptIsWaitedForWithoutEnd() {
    isCaughtInFaults(SmallFaults::unmapped, Mistake.SHARE_KEPT, "deadlock: B waits for system 0");
  }

  @Test
  void whatIsSharedIsNotLocked() {
    isCaughtInFaults(SmallFaults::samePage, Mistake.LOCKED_WHILE_SHARED, "cannot be taken twice");
  }

  @Test
  void tablesUnmappedWhileFaultsShareAreGone() {
    isCaughtInFaults(SmallFaults::unmapped, Mistake.UNMAPPED_WHILE_SHARED, "or it was freed");
  }

  private static void isCaughtInFaults(
      BiFunction<MmuVariant, Mistake, Program> faults, Mistake mistake, String reason) {
    MmuVariant variant = Races.variant("x86_64/4level");
    isCaught(faults.apply(variant, mistake), reason);
    isRight(faults.apply(variant, Mistake.NONE));
  }
}

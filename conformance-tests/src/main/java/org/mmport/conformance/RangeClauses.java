package org.mmport.conformance;

import org.mmport.machine.Steps.Kind;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MremapRequest;
import org.mmport.mm.VmaRights;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;

/** RANGE: what changes a range of a process changes entries of one folio together. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "FOLIO", "MREMAP", "MADV-01"
})
final class RangeClauses {
  /** At which a block may begin on every variant, with room before it and behind. */
  private static final int FIRST = 20;

  private RangeClauses() {}

  /** What a process does to so many of its pages from one on. */
  private interface Change {
    void of(AddressSpace space, long va, long sizeBytes);
  }

  /** Behind, with as much between, so that what is whole blocks is aligned as it was. */
  private static MremapRequest moving(long va, long sizeBytes, long more) {
    long to = va + 2 * sizeBytes + more;
    return new MremapRequest(va, sizeBytes, sizeBytes, new MremapRequest.Target.At(to));
  }

  /** Counts a change of pages that a process has written to. */
  private static StepTally.Counts counted(
      ClauseContext c, int order, int pages, int changedFrom, int changed, Change change) {
    StepTally tally = new StepTally();
    try (Scene scene = new Scene(c, tally)) {
      write(scene, order, pages);
      AddressSpace a = scene.process("a");
      long va = a.vmas().getFirst().firstVa() + changedFrom * c.geometry().pageBytes();
      tally.take();
      change.of(a, va, changed * c.geometry().pageBytes());
      StepTally.Counts counts = tally.take();
      scene.sound("after the change");
      return counts;
    }
  }

  private static void write(Scene scene, int order, int pages) {
    scene.play(
        """
        folios %s
        start a
        mmap a %d %d rw- private
        """
            .formatted(order == 0 ? "none" : order, FIRST, pages));
    for (int page = FIRST; page < FIRST + pages; page += 1 << order) {
      scene.play("cpu0 store a %d 1".formatted(page));
    }
  }

  private static int changes(StepTally.Counts counts) {
    return counts.entries(Kind.UPDATE) + counts.entries(Kind.STORE);
  }

  /** What a store of an entry counts: the halves of entries that are stored so are two. */
  private static int storeSteps(ClauseContext c) {
    return c.geometry().entryBytes() / c.geometry().storeBytes();
  }

  /** What a load of an entry counts: low half, high half, and low again. */
  private static int loadSteps(ClauseContext c) {
    return storeSteps(c) > 1 ? 3 : 1;
  }

  // Single pages.

  /**
   * What a change takes for each page more, which leaves out the walk to their table and what comes
   * once.
   */
  private static void perPage(
      ClauseContext c, String what, Change change, int reads, int updates, int stores) {
    StepTally.Counts few = counted(c, 0, 4, 0, 4, change);
    StepTally.Counts more = counted(c, 0, 8, 0, 8, change);
    // So few that a table of 32 entries has their new places too.
    int pages = 4;
    int read = more.entries(Kind.LOAD) - few.entries(Kind.LOAD);
    int updated = more.entries(Kind.UPDATE) - few.entries(Kind.UPDATE);
    int stored = more.entries(Kind.STORE) - few.entries(Kind.STORE);
    c.check(
        read <= reads * pages * loadSteps(c)
            && updated + stored <= pages * (updates + stores * storeSteps(c)),
        "%s to read %d, update %d and store %d for a page".formatted(what, reads, updates, stores),
        "%d, %d and %d for %d pages".formatted(read, updated, stored, pages));
  }

  @Clause(
      id = "RANGE-01",
      text =
          "Of single pages, where there are no blocks, mprotect and madvise read each entry twice and change it once; mremap reads it and its new place four times in all, empties it and stores it once",
      source = "R4.37; T22: batches cost single pages nothing",
      check = "what is asked before a page is known to be one of a large folio")
  static void singlePagesCostNoMore(ClauseContext c) {
    perPage(
        c, "mprotect", (space, va, bytes) -> space.mprotect(va, bytes, VmaRights.READ), 2, 1, 0);
    perPage(
        c,
        "mremap",
        (space, va, bytes) -> space.mremap(moving(va, bytes, 0)),
        // Where there are blocks, it is asked of both ends whether they are in one.
        members(c) > 1 ? 6 : 4,
        1,
        1);
    perPage(c, "madvise", AddressSpace::lazyFree, members(c) > 1 ? 4 : 2, 1, 0);
  }

  // Blocks of contiguous entries.

  private static int members(ClauseContext c) {
    return c.variant().batchOps().runEntries(Level.PTE);
  }

  private static int order(int pages) {
    return Integer.numberOfTrailingZeros(pages);
  }

  @Clause(
      id = "RANGE-02",
      text =
          "mprotect of whole blocks of contiguous entries changes each entry once and takes none apart; of parts, it takes apart one block at each end",
      source = "kernel: mprotect_folio_pte_batch, modify_prot_start_ptes; R4.31; T21",
      check = "EntryCode.protect; ContiguousRuns.modify, isolate",
      requires = MmuFeature.CONT_PTE)
  static void mprotectLeavesBlocks(ClauseContext c) {
    int members = members(c);
    int pages = 4 * members;
    Change readOnly = (space, va, bytes) -> space.mprotect(va, bytes, VmaRights.READ);
    StepTally.Counts whole = counted(c, order(pages), pages, 0, pages, readOnly);
    c.check(changes(whole) == pages, pages + " entries changed once", whole);
    int part = pages - 2;
    StepTally.Counts inner = counted(c, order(pages), pages, 1, part, readOnly);
    int apart = 2 * 2 * members;
    c.check(
        changes(inner) == part + apart,
        "%d entries changed once, and 2 blocks emptied and stored anew".formatted(part),
        inner);
    try (Scene scene = new Scene(c)) {
      write(scene, order(pages), pages);
      scene.play("mprotect a %d %d r--".formatted(FIRST + 1, part));
      ProcessView view = new ProcessView(scene.process("a"));
      long ends = view.inRuns(FIRST, members) + view.inRuns(FIRST + 3 * members, members);
      long middle = view.inRuns(FIRST + members, 2 * members);
      c.check(ends == 0, "no run at the ends", ends);
      c.check(middle == 2L * members, "runs in the middle", middle);
      scene.play("mprotect a %d %d rw-".formatted(FIRST + 1, part));
      scene.play("expect cpu0 load a %d is 1; cpu0 store a %d 2".formatted(FIRST, FIRST + members));
    }
  }

  @Clause(
      id = "RANGE-03",
      text =
          "Marks that hardware left in some entries do not part what mprotect changes, and each entry keeps its own",
      source = "kernel: folio_pte_batch ignores young and dirty; modify_prot_commit_ptes",
      check = "EntryCodeTemplate.protectLeaf, protectRun; BatchOps.modify")
  static void marksStayApart(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      write(scene, 3, 16);
      AddressSpace a = scene.process("a");
      long va = a.vmas().getFirst().firstVa();
      a.lazyFree(va, 16 * c.geometry().pageBytes());
      scene.play("cpu0 store a 21 5; expect cpu0 load a 26 is 0; cpu1 store a 33 6");
      StringBuilder before = new StringBuilder();
      StringBuilder after = new StringBuilder();
      marks(c, new ProcessView(a), before);
      a.mprotect(va, 16 * c.geometry().pageBytes(), VmaRights.READ);
      marks(c, new ProcessView(a), after);
      c.check(before.toString().contentEquals(after), before.toString(), after);
      for (int page = FIRST; page < FIRST + 16; page++) {
        boolean writable = new ProcessView(a).writable(page);
        c.check(!writable, "page " + page + " read-only", "writable");
      }
      scene.play(
          """
          mprotect a 20 16 rw-
          reclaim 1000
          reclaim 1000
          expect cpu0 load a 21 is 5
          expect cpu1 load a 33 is 6
          """);
    }
  }

  private static void marks(ClauseContext c, ProcessView view, StringBuilder text) {
    for (int page = FIRST; page < FIRST + 16; page++) {
      long raw = view.leaf(page);
      text.append(c.format().young(raw, Level.PTE) ? 'Y' : '-');
      text.append(c.format().dirty(raw, Level.PTE) ? 'D' : '-');
    }
  }

  @Clause(
      id = "RANGE-04",
      text =
          "mremap moves blocks of contiguous entries without taking them apart, to be blocks where they are aligned so again, and takes apart one at each end of a part",
      source = "kernel: move_ptes, mremap_folio_pte_batch; R4.31; T21",
      check = "MoveEntries: the lengths that it empties and stores",
      requires = MmuFeature.CONT_PTE)
  static void mremapLeavesBlocks(ClauseContext c) {
    int members = members(c);
    int pages = 4 * members;
    long page = c.geometry().pageBytes();
    for (int skew : new int[] {0, 1}) {
      Change move = (space, va, bytes) -> space.mremap(moving(va, bytes, skew * page));
      StepTally.Counts whole = counted(c, order(pages), pages, 0, pages, move);
      c.check(
          whole.entries(Kind.UPDATE) == pages,
          "%d entries emptied, moved by %d pages".formatted(pages, skew),
          whole);
      StepTally.Counts parts = counted(c, order(pages), pages, 1, pages - 2, move);
      c.check(
          parts.entries(Kind.UPDATE) == pages - 2 + 2 * members,
          "%d entries emptied, and 2 blocks taken apart".formatted(pages - 2),
          parts);
    }
    try (Scene scene = new Scene(c)) {
      write(scene, order(pages), pages);
      scene.play("mremap a %1$d %2$d %2$d to %3$d".formatted(FIRST, pages, FIRST + 3 * pages));
      ProcessView view = new ProcessView(scene.process("a"));
      long inRuns = view.inRuns(FIRST + 3 * pages, pages);
      c.check(inRuns == pages, pages + " entries in runs where they are now", inRuns);
      scene.play("expect cpu0 load a %d is 1".formatted(FIRST + 3 * pages));
      scene.play("mremap a %1$d %2$d %2$d to %3$d".formatted(FIRST + 3 * pages, pages, 21));
      long skewed = new ProcessView(scene.process("a")).inRuns(21, pages);
      c.check(skewed == 0, "none in runs where they are not aligned", skewed);
      scene.play("expect cpu1 load a 21 is 1; cpu1 store a 22 7; expect cpu0 load a 22 is 7");
    }
  }
}

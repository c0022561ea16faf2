package org.mmport.conformance;

import java.util.List;
import java.util.Map;
import org.mmport.machine.Folios;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmSystem;
import org.mmport.mm.NumaBalancing;
import org.mmport.mm.NumaCounts;
import org.mmport.mm.NumaHints;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.Simulation;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * NUMA: entries that are kept from hardware for a while, so that accesses tell who uses memory. CPU
 * 0 is on node 0, where memory comes from, CPU 1 on node 1.
 */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "FAULT",
  "COW", "LAZY", "RECLAIM", "SWAP", "FOLIO", "FORK", "MREMAP", "MLOCK", "MADV"
})
final class NumaClauses {
  private static final String WRITTEN =
      """
      start a
      mmap a 4 6 rw- private
      cpu0 store a 4 1
      cpu0 store a 5 2
      cpu1 load a 4
      cpu0 load a 7
      """;

  private NumaClauses() {}

  private static long va(ClauseContext c, long page) {
    return Simulation.beforeBoundary(c.geometry(), MmBench.PAGES_BEFORE)
        + page * c.geometry().pageBytes();
  }

  /** Gives hints as for a process of several threads, and says how many there are more. */
  private static long hint(ClauseContext c, AddressSpace space, long page, long pages) {
    return new NumaHints(space).change(va(c, page), pages * c.geometry().pageBytes());
  }

  private static boolean isHint(ClauseContext c, Scene scene, long page) {
    long raw = new ProcessView(scene.process("a")).leaf(page);
    return c.format().present(raw, Level.PTE) && c.format().protnone(raw, Level.PTE);
  }

  private static NumaBalancing numa(Scene scene) {
    return scene.bench().system().numa();
  }

  private static void counted(ClauseContext c, Scene scene, long faults, long local, long moved) {
    NumaCounts counts = numa(scene).counts();
    c.check(
        counts.hintFaults() == faults
            && counts.hintFaultsLocal() == local
            && counts.pagesMigrated() == moved,
        "%d hint faults, %d local, %d pages moved".formatted(faults, local, moved),
        counts);
  }

  private static long faults(Scene scene) {
    Map<FaultStatus, Long> faults = scene.bench().system().faults();
    return faults.values().stream().mapToLong(Long::longValue).sum();
  }

  @Clause(
      id = "NUMA-01",
      text =
          "A hint keeps every CPU from a page at once; the entry stays present, with its frame,"
              + " young and dirty",
      source = "kernel: change_prot_numa, change_pte_range with MM_CP_PROT_NUMA; pte_protnone",
      check = "NumaHints.change: protect and its flush; PteFormat.modify to no access")
  static void accessesAreKeptOff(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(WRITTEN);
      scene.play("mmap a 12 2 rw- shared; cpu0 store a 12 3; cpu1 load a 12; cpu1 load a 5");
      AddressSpace a = scene.process("a");
      PteFormat format = c.format();
      ProcessView before = new ProcessView(a);
      long hints = hint(c, a, 0, 20);
      scene.sound("with hints");
      c.check(hints == 3, "3 pages to have hints", hints);
      c.check(hint(c, a, 0, 20) == 0, "none to have another", "some have");
      ProcessView after = new ProcessView(a);
      for (long page : List.of(4L, 5L, 12L)) {
        long was = before.leaf(page);
        long is = after.leaf(page);
        c.check(
            format.present(is, Level.PTE) && format.protnone(is, Level.PTE),
            Level.PTE,
            is,
            "present and PROT_NONE",
            "it is not");
        c.check(
            format.physAddr(is, Level.PTE) == format.physAddr(was, Level.PTE)
                && format.young(is, Level.PTE) == format.young(was, Level.PTE)
                && format.dirty(is, Level.PTE) == format.dirty(was, Level.PTE),
            Level.PTE,
            is,
            "frame and marks of 0x%x".formatted(was),
            "others");
      }
      scene.play(
          "expect cpu0 load a 4 is 1; expect cpu0 load a 5 is 2; expect cpu1 load a 12 is 3");
      counted(c, scene, 3, 2, 0);
      scene.play("expect cpu1 load a 4 is 1; expect cpu0 load a 12 is 3");
      counted(c, scene, 3, 2, 0);
    }
  }

  @Clause(
      id = "NUMA-02",
      text =
          "Mappings that permit nothing or only show a file, and pages that are zero, shared,"
              + " pinned, to be written or on the right node get no hint",
      source = "kernel: task_numa_work, change_pte_range, folio_maybe_mapped_shared",
      check = "NumaHints.isScanned, NumaHints.Part.mayHintFolio")
  static void whatIsPassedOver(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(WRITTEN);
      scene.play(
          """
          file f 4
          mmap a 20 2 r-- shared f 0
          mmap a 22 2 r-x private f 0
          mmap a 24 2 rw- shared f 2
          cpu0 load a 20
          cpu0 load a 22
          cpu0 store a 24 9
          cpu0 load a 25
          mmap a 30 4 rw- private
          cpu0 store a 30 1
          cpu0 store a 31 2
          mprotect a 31 1 ---
          pin a 30 p
          """);
      AddressSpace a = scene.process("a");
      c.check(
          new NumaHints(a).change(va(c, 4), 6 * c.geometry().pageBytes(), 0) == 0, "none", "some");
      long hints = hint(c, a, 0, 40);
      c.check(hints == 3, "3 hints: 2 pages that were stored to, 1 clean one of a file", hints);
      for (long page : List.of(4L, 5L, 25L)) {
        c.checkVa(isHint(c, scene, page), va(c, page), "a hint", "none");
      }
      for (long page : List.of(7L, 20L, 22L, 24L, 30L)) {
        c.checkVa(!isHint(c, scene, page), va(c, page), "no hint", "one");
      }
      scene.play("expect cpu0 load a 31 is fault: not permitted");
      counted(c, scene, 0, 0, 0);
      scene.play("cpu0 load a 4; cpu0 load a 5; sync f; fork a b");
      hints = hint(c, a, 0, 40);
      c.check(hints == 1, "1 hint: the page of the file that was written back", hints);
      hints = new NumaHints(a).change(va(c, 24), 2 * c.geometry().pageBytes(), 0);
      c.check(hints == 0, "no hint where there is one already", hints);
      scene.play("unpin p; exit b; cpu0 store a 30 3");
      long byCpu1 = new NumaHints(a).change(va(c, 4), 40 * c.geometry().pageBytes(), 1);
      c.check(byCpu1 == 3, "3 hints where the one thread runs on another node", byCpu1);
    }
  }

  @Clause(
      id = "NUMA-03",
      text =
          "The first access gives back what the mapping permits, to write too where nothing is in"
              + " its way, and tells both nodes",
      source = "kernel: do_numa_page, numa_rebuild_single_mapping, can_change_pte_writable",
      check = "NumaFault.restore and mayWrite; the CPU that UserCpu names")
  static void rightsComeBack(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(WRITTEN);
      scene.play(
          """
          mprotect a 5 1 r--
          mmap a 12 3 rw- private
          cpu0 store a 12 7
          cpu0 store a 13 8
          cpu0 store a 14 9
          mmap a 16 2 rw- shared
          cpu0 store a 16 5
          """);
      AddressSpace a = scene.process("a");
      long hints = hint(c, a, 0, 20);
      c.check(hints == 6, "6 hints", hints);
      // After the hints, so that the child gets them too.
      scene.play("fork a b; munmap b 13 2; expect cpu0 load a 4 is 1");
      c.check(
          !new ProcessView(a).writable(4),
          "page 4, a child's too, to stay read-only",
          "it may be written");
      scene.play("expect cpu0 load a 13 is 8; expect cpu0 load a 5 is 2; cpu0 store a 16 6");
      ProcessView view = new ProcessView(a);
      c.check(!view.writable(5), "page 5 of a read-only mapping to stay so", "it may be written");
      c.check(view.writable(16), "the shared page, written before, to be writable", "it is not");
      c.check(c.format().young(view.leaf(13), Level.PTE), "page 13 young", "it is old");
      counted(c, scene, 4, 4, 0);
      scene.play("cpu0 store a 14 1; exit b; cpu0 store a 12 2; cpu0 store a 13 3");
      hint(c, a, 12, 2);
      long before = faults(scene);
      scene.play("expect cpu0 load a 13 is 3; cpu0 store a 13 4; expect cpu0 load a 13 is 4");
      c.check(faults(scene) == before + 1, "one fault to load and store", faults(scene) - before);
      // Old, where hardware does not say by itself that a page is used.
      scene.play("lazyfree a 12 1");
      hint(c, a, 12, 1);
      before = faults(scene);
      scene.play("cpu0 load a 12; cpu0 store a 12 2");
      c.check(faults(scene) <= before + 2, "young when it is back", faults(scene) - before);
      NumaBalancing numa = numa(scene);
      long remote = numa.hintFaults(1, 0);
      scene.play("mlock a 12 1; expect cpu1 load a 12 is 2");
      c.check(numa.hintFaults(1, 0) == remote, "whoever locks memory to be no CPU", "it counts");
      hint(c, a, 16, 1);
      scene.play("expect cpu1 load a 16 is 6");
      c.check(numa.hintFaults(1, 0) == remote + 1, "an access from node 1 to node 0", "none");
    }
  }

  @Clause(
      id = "NUMA-04",
      text = "Whatever becomes of memory with hints, its owners see what they would without",
      source = "kernel: pte_protnone in copy_present_pte, change_protection, move_ptes, zap",
      check = "who looks at present entries and takes them for mapped by hardware")
  static void hintsAreNotSeen(ClauseContext c) {
    List<String> changes =
        List.of(
            "mprotect a 4 6 r--; mprotect a 4 6 rw-",
            "mprotect a 4 6 ---; numa a 0 60; mprotect a 4 6 rw-",
            "mremap a 4 6 6 to 40; mremap a 40 6 6 to 4",
            "reclaim 40; reclaim 40",
            "mlock a 4 6; munlock a 4 6",
            "pin a 4 p; numa a 0 60; unpin p",
            "fork a c; cpu1 store c 4 9; exit c",
            "fork a c batched; numa c 0 60; cpu1 store c 5 9; exit c",
            "fork a c lazy; numa c 0 60; cpu1 store c 4 9; cpu0 load c 5; exit c",
            "fork a c lazy-all; numa a 0 60; cpu0 load c 5; cpu0 load a 5; exit c",
            "folios 2; mmap a 30 4 rw- private; cpu0 store a 30 1; numa a 0 60; dontneed a 30 2",
            "lazyfree a 6 1; cpu1 load a 6; munmap a 6 1; mmap a 6 1 rw- private");
    for (String change : changes) {
      try (Scene scene = new Scene(c)) {
        scene.play(WRITTEN);
        scene.play("fork a b lazy; cpu1 store b 5 7; cpu0 store a 5 2; numa a 0 60; numa b 0 60");
        scene.play(change.replace("; ", "\n"));
        scene.play(
            """
            expect cpu1 load a 4 is 1
            expect cpu0 load a 5 is 2
            expect cpu1 load b 4 is 1
            expect cpu0 load b 5 is 7
            cpu0 store a 4 3
            cpu1 store b 4 4
            expect cpu1 load a 4 is 3
            expect cpu0 load b 4 is 4
            expect cpu0 load a 7 is 0
            """);
      }
    }
  }

  @Clause(
      id = "NUMA-05",
      text =
          "A page of one process alone goes to the node that uses it, with all that it holds; one"
              + " that is held, shared or without room stays",
      source = "kernel: migrate_misplaced_folio, __GFP_THISNODE in alloc_misplaced_dst_folio",
      check = "NumaFault.isToMove and move; AnonPages.allocUnfilledOnNode")
  static void pagesMove(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(WRITTEN);
      MmSystem system = scene.bench().system();
      Folios folios = system.folios();
      AddressSpace a = scene.process("a");
      long allocated = folios.allocated();
      hint(c, a, 0, 20);
      scene.play("expect cpu1 load a 4 is 1");
      long moved = new ProcessView(a).pfn(4);
      c.check(folios.node(moved) == 1, "page 4 on node 1", folios.node(moved));
      c.check(folios.allocated() == allocated, allocated + " frames in use", folios.allocated());
      counted(c, scene, 1, 0, 1);
      scene.play("cpu0 store a 4 6");
      long held = new ProcessView(a).pfn(5);
      hint(c, a, 5, 1);
      folios.ref(held, 1);
      scene.play("expect cpu1 load a 5 is 2");
      c.check(new ProcessView(a).pfn(5) == held, "a page that is held to stay", "it moved");
      folios.unref(held, 1);
      hint(c, a, 5, 1);
      scene.bench().permitAllocations(0);
      scene.play("expect cpu1 load a 5 is 2");
      scene.bench().permitAllAllocations();
      c.check(new ProcessView(a).pfn(5) == held, "a page without room to stay", "it moved");
      hint(c, a, 5, 1);
      scene.play("cpu1 store a 5 8; fork a b; expect cpu0 load b 5 is 8");
      c.check(folios.node(new ProcessView(a).pfn(5)) == 1, "page 5 on node 1", "node 0");
      scene.play("mmap a 30 1 rw- private; cpu0 store a 30 5; lazyfree a 30 1");
      hint(c, a, 30, 1);
      scene.play("cpu1 load a 30");
      c.check(folios.node(new ProcessView(a).pfn(30)) == 1, "page 30 on node 1", "node 0");
      scene.play("reclaim 40; reclaim 40; expect cpu0 load a 30 is 0; expect cpu1 load a 4 is 6");
      scene.play("exit a; exit b");
      c.check(scene.bench().leaked() == 0, "no frame in use", scene.bench().leaked());
    }
  }

  @Clause(
      id = "NUMA-06",
      text =
          "Tables that several use are neither copied nor changed for hints, which need no memory",
      source = "kernel: change_pte_range skips what folio_maybe_mapped_shared; R3.20, R3.26",
      check = "NumaHints.Part.change: TableUsers.areSeveral; NumaFault.restore for all users")
  static void sharedTablesStay(ClauseContext c) {
    LazyClauses.ways(c);
    try (Scene scene = new Scene(c)) {
      scene.play(WRITTEN);
      AddressSpace a = scene.process("a");
      c.check(hint(c, a, 4, 1) == 1, "1 hint", "others");
      scene.play("fork a b lazy");
      long copied = scene.bench().system().tableSharing().copied();
      scene.bench().permitAllocations(0);
      c.check(hint(c, scene.process("b"), 0, 20) == 0, "no hint in a table of two", "some");
      scene.play("expect cpu1 load b 4 is 1; expect cpu0 load b 5 is 2; expect cpu0 load a 4 is 1");
      long now = scene.bench().system().tableSharing().copied();
      c.check(now == copied, copied + " tables copied", now);
      // One gave it back for both.
      counted(c, scene, 1, 0, 0);
      scene.bench().permitAllAllocations();
      scene.play("cpu1 store b 4 9; expect cpu0 load a 4 is 1; expect cpu0 load b 4 is 9");
    }
  }

  @Clause(
      id = "NUMA-07",
      text = "A hint takes no block of contiguous entries apart, nor does its end",
      source = "kernel: change_pte_range in batches since 6.17; numa_rebuild_large_mapping",
      check = "the spans that NumaHints gives to protect; NumaFault.restore by PteTable.hint",
      requires = MmuFeature.CONT_PTE)
  static void blocksStayWhole(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      int pages = scene.startWithTwoRuns();
      AddressSpace a = scene.process("a");
      c.check(hint(c, a, 20, pages) == pages, pages + " hints", "others");
      long inRuns = new ProcessView(a).inRuns(20, pages);
      c.check(inRuns == pages, pages + " entries in runs with hints", inRuns);
      scene.play("expect cpu1 load a 22 is 0");
      ProcessView view = new ProcessView(a);
      c.check(view.inRuns(20, pages) == pages, pages + " entries in runs", view.inRuns(20, pages));
      long writable = 0;
      for (int i = 0; i < pages; i++) {
        writable += view.writable(20 + i) ? 1 : 0;
      }
      c.check(writable == pages, "all of the folio given back, to be written", writable);
      counted(c, scene, 1, 0, 0);
    }
  }

  @Clause(
      id = "NUMA-08",
      text = "A huge page gets a hint as a whole, and none where a part of it is asked for",
      source = "kernel: change_huge_pmd, do_huge_pmd_numa_page",
      check = "NumaHints.Part.lookAt of a leaf; NumaFault.restore of a leaf")
  static void hugePagesAreWhole(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ThpClauses.ONE);
      // Both CPUs know the leaf.
      s.play("cpu1 load a 23");
      AddressSpace a = s.process("a");
      PteFormat format = c.format();
      long most = s.pages() - 1;
      c.check(hint(c, a, HugeScene.FIRST, most) == 0, "no hint for a part", "some");
      long hints = hint(c, a, HugeScene.FIRST, s.pages());
      c.check(hints == s.pages(), s.pages() + " pages with a hint", hints);
      HugeScene.Mapped leaf = s.at("a", HugeScene.FIRST);
      s.huge("a", HugeScene.FIRST, true, "with a hint");
      c.check(
          format.protnone(leaf.raw(), leaf.level()), leaf.level(), leaf.raw(), "a hint", "none");
      long before = faults(s.scene());
      s.play("expect cpu1 load a 23 is 1; cpu1 store a 24 2; expect cpu0 load a 24 is 2");
      s.huge("a", HugeScene.FIRST, true, "after an access");
      c.check(faults(s.scene()) == before + 1, "one fault", faults(s.scene()) - before);
      NumaCounts counts = s.system().numa().counts();
      c.check(
          counts.hugePteUpdates() == 1 && counts.hintFaults() == 1 && counts.hintFaultsLocal() == 0,
          "1 leaf with a hint, 1 fault from node 1",
          counts);
      hint(c, a, HugeScene.FIRST, s.pages());
      s.play("fork a b; expect cpu0 load b 23 is 1; cpu0 store a 23 5; expect cpu1 load b 23 is 1");
      s.play(
          "munmap b 21 1; expect cpu0 load a 24 is 2; expect cpu1 load b 24 is 2; exit a; exit b");
    }
  }

  @Clause(
      id = "NUMA-09",
      text = "Hints for what is not the user's, and for CPUs that there are not, are refused",
      source = "kernel: change_prot_numa is given the process's own ranges",
      check = "NumaHints.change, NumaBalancing.placeCpu")
  static void refused(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(WRITTEN);
      AddressSpace a = scene.process("a");
      NumaHints hints = new NumaHints(a);
      long page = c.geometry().pageBytes();
      c.refused("half a page", () -> hints.change(va(c, 4) + 1, page));
      c.refused("no page", () -> hints.change(va(c, 4), 0));
      c.refused("CPU 2", () -> hints.change(va(c, 4), page, 2));
      c.refused("node 2", () -> numa(scene).placeCpu(0, 2));
      c.refused("CPU -1", () -> numa(scene).placeCpu(-1, 0));
      c.refused("the node -1", () -> numa(scene).hintFaults(0, -1));
      c.check(!isHint(c, scene, 4), "no hint", "one");
      c.check(numa(scene).counts().equals(NumaCounts.ZERO), "nothing counted", "something");
      c.check(hints.change(va(c, 12), 4 * page) == 0, "no hint where nothing is mapped", "some");
    }
  }

  @Clause(
      id = "NUMA-10",
      text =
          "A page that is moved, and of which a flush fails, is where it was, with its hint, and"
              + " moves at the next access",
      source =
          "a failed request changes nothing; kernel: migrate_pages_batch, remove_migration_ptes",
      check = "NumaFault.move: the entry is empty while it is flushed and copied")
  static void failedFlushesMoveNothing(ClauseContext c) {
    TlbRules rules = c.variant().tlbRules();
    PteFormat format = c.format();
    // Nobody can have a hint cached, so none is flushed; where rules ask for more, it is.
    MmuVariant careful =
        c.variant()
            .withTlbRules(
                (oldRaw, newRaw, level) -> {
                  TlbDuty duty = rules.duty(oldRaw, newRaw, level);
                  boolean hint = format.present(oldRaw, level) && format.protnone(oldRaw, level);
                  return duty.isNone() && hint ? TlbDuty.FLUSH_LEAF : duty;
                });
    new FailingFlushes(
            WRITTEN + "numa a 4 2",
            """
            expect cpu1 load a 4 is 1
            expect cpu1 load a 5 is 2
            exit a
            """)
        .of(c, careful, "cpu1 load a 5");
  }
}

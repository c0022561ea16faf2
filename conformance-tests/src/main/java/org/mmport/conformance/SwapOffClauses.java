package org.mmport.conformance;

import java.util.List;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmSystem;
import org.mmport.mm.SwapArea;
import org.mmport.mm.SwapOff;
import org.mmport.scenario.Script;
import org.mmport.scenario.StepResult;
import org.mmport.spi.Level;

/** SWAP: a swap area that is taken away. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "LAZY", "RECLAIM", "SWAP-01", "SWAP-02", "SWAP-03", "SWAP-04"
})
final class SwapOffClauses {
  private static final String SWAPPED =
      """
      start a
      mmap a 4 8 rw- private
      cpu0 store a 4 1
      cpu0 store a 5 2
      cpu0 store a 6 3
      cpu0 store a 7 4
      reclaim 40
      reclaim 40
      """;

  private SwapOffClauses() {}

  private static long majorFaults(Scene scene) {
    return scene.bench().system().faults().getOrDefault(FaultStatus.MAJOR, 0L);
  }

  private static long swapEntries(Scene scene, String process) {
    return scene.process(process).counters().swapEntries();
  }

  @Clause(
      id = "SWAP-05",
      text = "After swapoff all who had a page in swap have it in memory, whatever way they forked",
      source = "swapoff(2); kernel: try_to_unuse, unuse_pte",
      check = "SwapOff: whose entries are looked for; SwapIn.map; TableUsers for shared tables")
  static void everyPageComesBack(ClauseContext c) {
    for (ForkStrategy way : ForkStrategies.all()) {
      try (Scene scene = new Scene(c)) {
        scene.play(SWAPPED);
        scene.play(
            """
            fork a b %s
            cpu0 load a 5
            cpu1 store b 6 9
            fork b c %s
            mremap a 7 1 1 to 40
            """
                .formatted(way.name(), way.name()));
        MmSystem system = scene.bench().system();
        long copied = system.tableSharing().copied();
        long major = majorFaults(scene);
        scene.play("swapoff");
        c.check(system.swapArea().isEmpty(), "no swap area", system.swapArea());
        for (String process : new String[] {"a", "b", "c"}) {
          long left = swapEntries(scene, process);
          c.check(left == 0, "no swap entry of %s after %s".formatted(process, way.name()), left);
        }
        long now = system.tableSharing().copied();
        c.check(now == copied, "no table copied after " + way.name(), now - copied);
        scene.play(
            """
            expect cpu0 load a 4 is 1
            expect cpu1 load b 5 is 2
            expect cpu0 load a 6 is 3
            expect cpu0 load c 6 is 9
            expect cpu1 load a 40 is 4
            expect cpu1 load c 7 is 4
            cpu0 store a 4 5
            cpu1 store c 4 6
            expect cpu0 load b 4 is 1
            expect cpu1 load a 4 is 5
            """);
        c.check(majorFaults(scene) == major, "nothing read from swap after", majorFaults(scene));
        scene.play("reclaim 40; reclaim 40; expect cpu0 load c 4 is 6; exit a; exit b; exit c");
        long leaked = scene.bench().leaked();
        c.check(leaked == 0, "no frame in use", leaked);
      }
    }
  }

  @Clause(
      id = "SWAP-06",
      text = "Where memory is short, swapoff fails and loses nothing, and the area goes on in use",
      source = "kernel: swapoff reinserts the area where try_to_unuse fails",
      check = "SwapOff.run: SwapCache.takePages; what is read before an entry changes")
  static void wantOfMemoryLosesNothing(ClauseContext c) {
    Script.Line off = Script.parse(List.of("swapoff")).lines().getFirst();
    for (int permitted = 0; permitted < 4; permitted++) {
      try (Scene scene = new Scene(c)) {
        scene.play(SWAPPED);
        scene.play("fork a b lazy");
        scene.bench().permitAllocations(permitted);
        StepResult result = scene.bench().simulation().run(off.step());
        scene.bench().permitAllAllocations();
        String when = "after swapoff with %d pages".formatted(permitted);
        c.check(result instanceof StepResult.OutOfMemory, "out of memory " + when, result);
        scene.sound(when);
        SwapArea area = scene.bench().system().swapArea().orElseThrow();
        long left = swapEntries(scene, "a");
        c.check(left == 4 - permitted, "the rest in swap " + when, left);
        scene.play("reclaim 40; reclaim 40");
        c.check(area.usedSlots() == 4, "4 slots used again", area.usedSlots());
        scene.play("expect cpu0 load a 4 is 1; expect cpu1 load b 7 is 4; swapoff");
        scene.play("expect cpu0 load b 5 is 2; cpu0 store a 6 9; expect cpu1 load b 6 is 3");
      }
    }
  }

  @Clause(
      id = "SWAP-07",
      text =
          "Without a swap area pages stay, and a new one is used; two, or none to take, are"
              + " refused",
      source = "swapon(2), swapoff(2): EINVAL, EBUSY",
      check = "SwapCache.use, remove and takesPages; SwapOff.run")
  static void areasComeAndGo(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(SWAPPED);
      scene.play("expect swapon 8 is refused; swapoff; expect swapoff is refused");
      MmSystem system = scene.bench().system();
      c.refused("a second swapoff", () -> new SwapOff(system).run());
      long freed = system.reclaim(100).freed() + system.reclaim(100).freed();
      c.check(freed == 0, "no page to go", freed);
      scene.play("swapon 3; reclaim 40; reclaim 40; expect swapon 8 is refused");
      long used = system.swapArea().orElseThrow().usedSlots();
      c.check(used == 3, "3 slots of the new area used", used);
      scene.play("expect cpu0 load a 4 is 1; expect cpu0 load a 7 is 4; exit a; swapoff");
    }
  }

  @Clause(
      id = "SWAP-08",
      text =
          "Pages come back as their entries say: old, clean of the area, one's own where they were",
      source = "kernel: unuse_pte: pte_mkold, pte_swp_exclusive; folio_free_swap",
      check = "SwapIn.leaf and map; SwapCache.dropIfNoEntry, which makes the page dirty")
  static void marksComeBack(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(SWAPPED);
      MmSystem system = scene.bench().system();
      Folios folios = system.folios();
      scene.play("mmap a 20 1 rw- private; cpu0 store a 20 7");
      AddressSpace a = scene.process("a");
      long held = new ProcessView(a).pfn(20);
      folios.ref(held, 1);
      // Unmapped, and found again in the swap cache.
      scene.play("reclaim 40; reclaim 40; swapoff");
      ProcessView view = new ProcessView(a);
      c.check(view.pfn(20) == held, "the page that was held", view.pfn(20));
      folios.unref(held, 1);
      for (long page = 4; page < 8; page++) {
        long pfn = view.pfn(page);
        c.check(
            !c.format().young(view.leaf(page), Level.PTE),
            Level.PTE,
            view.leaf(page),
            "an old leaf",
            "young");
        c.check(folios.is(pfn, PageFlag.ANON_EXCLUSIVE), "a page of its own", "it is not");
        c.check(!folios.is(pfn, PageFlag.SWAPCACHE), "no page in the swap cache", "it is");
        c.check(folios.refCount(pfn) == 1, "one reference", folios.refCount(pfn));
      }
      long copied = system.faults().getOrDefault(FaultStatus.COPIED, 0L);
      scene.play("cpu0 store a 4 9; cpu1 store a 20 8; expect cpu1 load a 4 is 9");
      long now = system.faults().getOrDefault(FaultStatus.COPIED, 0L);
      c.check(now == copied, "written without a copy", now - copied);
      // What an area had is nowhere else: it must be written to the next, though it moved.
      scene.play("numa a 5 1; expect cpu1 load a 5 is 2");
      scene.play("swapon 8; reclaim 40; reclaim 40; expect cpu0 load a 5 is 2");
      scene.play("expect cpu0 load a 20 is 8; expect cpu1 load a 4 is 9");
    }
  }
}

package org.mmport.conformance;

import org.mmport.machine.Folios;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.MmSystem;
import org.mmport.mm.ReclaimCounts;
import org.mmport.mm.SwapArea;
import org.mmport.spi.Level;

/** FOLIO: files, and shared memory without a name, in folios of several pages. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "LAZY", "RECLAIM"
})
final class FileFolioClauses {
  /** Pages 4 to 19 are aligned to 16 wherever a scene is: tables end before page 20. */
  private static final String ONE_FOLIO =
      """
      filefolios 4
      file f 20
      start a
      mmap a 4 16 rw- shared f 0
      """;

  private FileFolioClauses() {}

  private static ProcessView view(Scene scene, String process) {
    return new ProcessView(scene.process(process));
  }

  private static void order(ClauseContext c, Scene scene, long page, int expected) {
    int order = scene.bench().system().folios().order(view(scene, "a").pfn(page));
    c.check(order == expected, "page %d in a folio of order %d".formatted(page, expected), order);
  }

  private static void filePages(ClauseContext c, Scene scene, String process, long expected) {
    long pages = scene.process(process).counters().filePages();
    c.check(pages == expected, "%d pages of files in %s".formatted(expected, process), pages);
  }

  private static FilePages file(AddressSpace space) {
    return ((Backing.OfFile) space.vmas().getFirst().backing()).file();
  }

  @Clause(
      id = "FOLIO-07",
      text =
          "A file is read in the largest enabled folio that is aligned, within it, and overlaps"
              + " nothing that is there",
      source = "kernel: page_cache_ra_order, filemap_add_folio, shmem_suitable_orders",
      check =
          "FilePages.readIn: alignment, the file's end, CachedPages.hasAny, swap, refused blocks")
  static void largestThatFits(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          file f 21
          start a
          mmap a 4 21 rw- shared f 0
          mmap a 30 12 rw- shared
          expect cpu0 load a 9 is 0
          filefolios 1 3
          expect cpu0 load a 6 is 0
          expect cpu1 load a 14 is 0
          cpu0 store a 21 1
          cpu0 store a 24 2
          cpu0 store a 33 3
          """);
      order(c, scene, 9, 0);
      order(c, scene, 6, 1);
      order(c, scene, 12, 3);
      order(c, scene, 20, 1);
      order(c, scene, 24, 0);
      order(c, scene, 33, 3);
      scene.bench().permitOrders(0);
      scene.play("cpu0 store a 38 4");
      order(c, scene, 38, 0);
      scene.bench().permitOrders(10);
      scene.play(
          "reclaim 100; reclaim 100; expect cpu0 load a 33 is 3; expect cpu0 load a 31 is 0");
      order(c, scene, 33, 0);
      int cached = file(scene.process("a")).cachedPages();
      scene.play("evict f; expect cpu0 load a 21 is 1; expect cpu0 load a 24 is 2");
      c.check(cached < 21, "pages that nobody read not to be read", cached);
    }
  }

  @Clause(
      id = "FOLIO-08",
      text =
          "One fault maps all of a file's folio where the mapping and the table have it, else pages",
      source =
          "kernel: finish_fault, filemap_map_folio_range, set_pte_range; R4.10; Arm ARM D8.7:"
              + " contiguous entries",
      check = "FilePagesFault.fits, written, ofFolio; references before map counts")
  static void mappedWhole(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "expect cpu0 load a 9 is 0");
      Folios folios = scene.bench().system().folios();
      long head = view(scene, "a").pfn(4);
      filePages(c, scene, "a", 16);
      counts(c, folios, head, 16 + 16, 16);
      scene.play("start b; mmap b 4 16 rw- shared f 0; cpu1 store b 9 1");
      filePages(c, scene, "b", 16);
      counts(c, folios, head, 16 + 32, 32);
      boolean writable = view(scene, "b").writable(17);
      c.check(writable, "all to be written from then on", "page 17 is not");
      // No part of it lies in a mapping that begins or ends within.
      scene.play("start d; mmap d 7 5 rw- shared f 3; cpu0 store d 8 2");
      filePages(c, scene, "d", 1);
      scene.play("expect cpu0 load d 10 is 0; expect cpu0 load a 8 is 2");
      filePages(c, scene, "d", 5);
      // A private mapping reads it, and copies what it writes.
      scene.play("mmap d 24 16 rw- private f 0; expect cpu0 load d 28 is 2; cpu0 store d 28 3");
      filePages(c, scene, "d", 5 + 15);
      long anon = scene.process("d").counters().anonPages();
      c.check(anon == 1, "one page copied", anon);
      // Who pinned it has the file's page in any case: a fork need not ask.
      folios.pin(head, 1);
      scene.play("fork d e batched");
      folios.unpin(head, 1);
      filePages(c, scene, "e", 15);
      scene.play("expect cpu1 load e 28 is 3; expect cpu1 load e 29 is 1");
      scene.play("expect cpu1 load a 8 is 2; exit d; exit b; munmap e 24 16; exit e");
      counts(c, folios, head, 16 + 16, 16);
    }
    inRuns(c);
  }

  private static void counts(ClauseContext c, Folios folios, long head, int refs, int maps) {
    boolean right = folios.refCount(head) == refs && folios.totalMapCount(head) == maps;
    c.check(
        right,
        "%d references and %d mapcounts".formatted(refs, maps),
        "%d and %d".formatted(folios.refCount(head), folios.totalMapCount(head)));
  }

  /** Where entries can be cached together, those of a file's folio are. */
  private static void inRuns(ClauseContext c) {
    int run = c.variant().batchOps().runEntries(Level.PTE);
    try (Scene scene = new Scene(c)) {
      int pages = 2 * run;
      scene.play(
          """
          filefolios %d
          file f %d
          start a
          mmap a 20 %d rw- shared f 0
          cpu0 load a 21
          """
              .formatted(Integer.numberOfTrailingZeros(pages), pages, pages));
      long expected = run == 1 ? 0 : pages;
      long found = view(scene, "a").inRuns(20, pages);
      c.check(found == expected, expected + " entries cached together", found);
      scene.play("cpu0 store a 20 5; sync f; expect cpu1 load a 20 is 5; munmap a 21 1");
      scene.play("reclaim 1000; reclaim 1000; expect cpu0 load a 20 is 5");
    }
  }

  @Clause(
      id = "FOLIO-09",
      text =
          "A store to any page of a file's folio has all of it written back once, and so has the"
              + " next",
      source = "kernel: folio_mark_dirty, folio_clear_dirty_for_io, folio_mkclean: of folios; R1.7",
      check = "FilePages.writeBack, writeIfDirty; FileRmap.makeClean: all entries, of all mappings")
  static void writtenBackWhole(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "start b; mmap b 6 5 rw- shared f 2; mmap b 30 16 rw- private f 0");
      MmSystem system = scene.bench().system();
      FilePages file = file(scene.process("a"));
      scene.play("expect cpu0 load a 9 is 0; expect cpu1 load b 7 is 0; cpu0 load b 31");
      written(c, system.writeBack(file), 0, "before any store");
      scene.play("cpu1 store b 8 1");
      written(c, system.writeBack(file), 16, "after a store to one page");
      scene.play("cpu1 store b 8 2");
      written(c, system.writeBack(file), 16, "after the same store once more");
      // All of it may be written by this mapping then.
      scene.play("start d; mmap d 4 16 rw- shared f 0; cpu0 store d 9 7");
      written(c, system.writeBack(file), 16, "after a store by another process");
      written(c, system.writeBack(file), 0, "without another store");
      scene.play("cpu0 store a 19 2; cpu0 store a 4 3; cpu1 store b 10 4");
      written(c, system.writeBack(file), 16, "after stores to three");
      scene.play("cpu0 store b 34 9");
      written(c, system.writeBack(file), 0, "after a store to a private mapping");
      scene.play(
          """
          cpu0 store a 12 5
          munmap a 4 16
          exit b
          exit d
          sync f
          evict f
          mmap a 4 16 r-- private f 0
          expect cpu0 load a 4 is 3
          expect cpu0 load a 8 is 2
          expect cpu0 load a 10 is 4
          expect cpu0 load a 12 is 5
          expect cpu0 load a 19 is 2
          """);
    }
  }

  private static void written(ClauseContext c, long written, long expected, String when) {
    c.check(written == expected, "%d pages written back %s".formatted(expected, when), written);
  }

  @Clause(
      id = "FOLIO-10",
      text =
          "Of a folio in which a file comes to end, pages before that stay what they are, and those"
              + " behind are no file's",
      source = "kernel: truncate_inode_partial_folio, split_huge_page_to_list_to_order",
      check =
          "FileRmap.truncate; SplitFolios.across; CachedPages.removeFrom where it cannot be split")
  static void cutOffWithin(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "cpu0 store a 9 1; cpu1 store a 12 2; fork a b lazy");
      scene.play("truncate f 7; expect cpu1 load a 11 is fault: beyond the file");
      order(c, scene, 9, 0);
      filePages(c, scene, "a", 7);
      scene.play("expect cpu0 load b 9 is 1; truncate f 20; expect cpu0 load a 12 is 0");
      scene.play("exit b; expect cpu0 load a 9 is 1; munmap a 4 16; sync f; evict f");
      // Who has a page of it keeps that, which is not the file's any more.
      scene.play("mmap a 4 16 rw- shared f 0; cpu0 store a 12 3; pin a 12 p; truncate f 7");
      scene.play("expect cpu0 load a 9 is 1; cpu0 store a 10 6; device p store 7; truncate f 20");
      scene.play("expect cpu0 load a 12 is 0; cpu0 store a 12 4; expect device p load is 7");
      scene.play("start b; mmap b 4 16 rw- shared f 0; expect cpu1 load b 5 is 0");
      scene.play("expect cpu1 load b 12 is 4; expect cpu1 load b 11 is 0; exit b");
      scene.play("unpin p; expect cpu1 load a 10 is 6; munmap a 4 16; sync f; evict f");
      scene.play("mmap a 4 16 rw- shared f 0; expect cpu1 load a 10 is 6");
      scene.play("expect cpu1 load a 12 is 4; expect cpu1 load a 9 is 1; truncate f 0; exit a");
      c.check(scene.bench().leaked() == 0, "no frame in use", scene.bench().leaked());
    }
  }

  @Clause(
      id = "FOLIO-11",
      text =
          "A folio of a file that nobody used leaves memory whole, one of shared memory page by"
              + " page",
      source = "kernel: shrink_folio_list, try_to_unmap_one, shmem_writeout",
      check = "Reclaim.lookAtLarge, dropFromFile; FilePages.evict: references of all its pages")
  static void leaveMemory(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      MmSystem system = scene.bench().system();
      scene.play(ONE_FOLIO + "cpu0 store a 9 1; fork a b lazy; start d; mmap d 6 3 r-- shared f 2");
      scene.play("cpu1 load d 7; mlock d 6 1");
      ReclaimCounts locked = system.reclaim(100).plus(system.reclaim(100));
      c.check(locked.freed() == 0, "nothing freed of what is locked in part", locked);
      scene.play("munlock d 6 1");
      ReclaimCounts counts = system.reclaim(100).plus(system.reclaim(100));
      c.check(
          counts.freed() == 16 && counts.fileWrites() == 16, "16 pages written and freed", counts);
      scene.sound("after the folio went");
      filePages(c, scene, "a", 0);
      scene.play("expect cpu0 load b 9 is 1; expect cpu0 load a 4 is 0; exit b; exit d; exit a");
      scene.play("start a; mmap a 4 16 rw- shared; cpu0 store a 9 1; fork a b lazy");
      order(c, scene, 9, 4);
      counts = system.reclaim(100).plus(system.reclaim(100));
      long slots = system.swapArea().map(SwapArea::usedSlots).orElseThrow();
      c.check(slots == 16 && counts.swappedOut() == 16, "16 pages in swap", counts);
      scene.play("expect cpu0 load b 9 is 1; expect cpu0 load a 10 is 0; cpu0 store a 11 2");
      order(c, scene, 11, 0);
      scene.play("expect cpu1 load b 11 is 2; swapoff; expect cpu1 load b 9 is 1");
    }
  }

  @Clause(
      id = "FOLIO-12",
      text =
          "A copy of a shared table lets nobody write a page of a file's folio who could not before",
      source = "kernel: copy_present_ptes; R3.5; R4.26",
      check = "SharedPages.copy: what entries of shared mappings may differ in")
  static void copiesOfSharedTables(ClauseContext c) {
    boolean rootAlone = c.geometry().rootLevel() == Level.PTE;
    if (rootAlone || c.variant().segmentMap().hashMmu().isPresent()) {
      throw c.notApplicable("tables are not shared");
    }
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "mmap a 2 1 rw- private; cpu0 store a 2 1; cpu0 load a 9");
      scene.play("cpu0 store a 4 1; cpu0 store a 6 1; fork a b lazy; cpu1 store b 2 2");
      for (String process : new String[] {"a", "b"}) {
        ProcessView view = view(scene, process);
        for (long page = 4; page < 20; page++) {
          boolean expected = page == 4 || page == 6;
          c.check(
              view.writable(page) == expected,
              "page %d of %s to be writable: %s".formatted(page, process, expected),
              view.writable(page));
        }
      }
      scene.play("cpu1 store b 5 3; sync f; expect cpu0 load a 5 is 3; exit b");
    }
  }
}

package org.mmport.conformance;

import java.util.List;
import org.mmport.cpu.Access;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MremapRequest;
import org.mmport.mm.Vma;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableCounts;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** MREMAP: mappings that get another size or place. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class MremapClauses {
  private MremapClauses() {}

  @Clause(
      id = "MREMAP-01",
      text = "What is moved is found at its new place by every CPU, and nothing at its old one",
      source = "mremap(2): MREMAP_FIXED; kernel: move_ptes flushes the old range",
      check = "Mremap.move: the target is emptied and flushed, the old range's entries are cleared")
  static void pagesMove(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          mmap a 60 4 rw- private
          cpu0 store a 18 1
          cpu1 load a 18
          cpu0 store a 21 2
          cpu0 store a 62 9
          cpu1 load a 62
          mremap a 18 4 4 to 60
          expect cpu0 load a 60 is 1
          expect cpu1 load a 60 is 1
          expect cpu0 load a 63 is 2
          expect cpu1 load a 62 is 0
          expect cpu1 load a 18 is fault: not mapped
          expect cpu0 store a 21 5 is fault: not mapped
          cpu1 store a 63 3
          expect cpu0 load a 63 is 3
          expect cpu0 load a 22 is 0
          """);
      long pages = scene.process("a").counters().anonPages();
      c.check(pages == 2, "2 pages counted", pages);
    }
  }

  @Clause(
      id = "MREMAP-02",
      text = "A mapping shrinks where it is, and grows where nothing is in its way",
      source = "mremap(2); kernel: shrink_vma, vma_expandable",
      check = "Mremap.resize")
  static void mappingsGrowAndShrink(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 8 rw- private
          mmap a 24 1 rw- private
          cpu0 store a 0 1
          cpu0 store a 7 2
          mremap a 0 8 4
          expect cpu0 load a 7 is fault: not mapped
          expect mremap a 0 4 25 is refused
          expect mremap a 0 3 5 is refused
          mremap a 2 2 22
          expect cpu0 load a 0 is 1
          expect cpu0 load a 7 is 0
          cpu1 store a 23 3
          expect cpu0 load a 23 is 3
          file f 3
          mmap a 30 1 rw- shared f 0
          mremap a 30 1 4
          cpu0 store a 32 7
          expect cpu0 load a 33 is fault: beyond the file
          mmap a 40 1 r-- private f 2
          expect cpu1 load a 40 is 7
          """);
    }
  }

  @Clause(
      id = "MREMAP-03",
      text =
          "An entry changes in nothing but its place: young, dirty, kept from use, or swapped out",
      source = "kernel: move_ptes; ptep_get_and_clear and set_pte_at",
      check =
          "MoveEntries.move: what clear returns, set for present entries, setNonPresent for others; noteMoved")
  static void entriesStayAsTheyAre(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 8 rw- private
          cpu0 store a 3 7
          reclaim 1
          cpu0 store a 0 1
          cpu0 store a 1 1
          cpu0 store a 2 1
          mprotect a 3 5 r--
          cpu0 load a 4
          mprotect a 3 5 rw-
          """);
      AddressSpace a = scene.process("a");
      PteFormat format = c.format();
      long va = a.vmas().getFirst().firstVa();
      long pageBytes = c.geometry().pageBytes();
      long swap = leaf(a, va + 3 * pageBytes);
      c.checkVa(
          format.swap(swap, Level.PTE), va + 3 * pageBytes, "a swap entry", "0x%x".formatted(swap));
      change(a, va, table -> table.mkClean(table.index(va), 1));
      change(a, va, table -> table.mkOld(table.index(va) + 1, 1));
      scene.play("mprotect a 2 1 ---");
      scene.play("mremap a 0 2 2 to 60; mremap a 2 1 1 to 62; mremap a 3 2 2 to 63");
      long to = va + 60 * pageBytes;
      long clean = leaf(a, to);
      c.checkVa(!format.dirty(clean, Level.PTE), to, "a clean leaf", "0x%x".formatted(clean));
      long old = leaf(a, to + pageBytes);
      c.checkVa(
          format.dirty(old, Level.PTE) && !format.young(old, Level.PTE),
          to + pageBytes,
          "an old, dirty leaf",
          "0x%x".formatted(old));
      long kept = leaf(a, to + 2 * pageBytes);
      c.checkVa(
          format.dirty(kept, Level.PTE) && format.protnone(kept, Level.PTE),
          to + 2 * pageBytes,
          "a dirty leaf that is kept from use",
          "0x%x".formatted(kept));
      long swapped = leaf(a, to + 3 * pageBytes);
      c.checkVa(
          swapped == swap,
          to + 3 * pageBytes,
          "the swap entry 0x%x".formatted(swap),
          "0x%x".formatted(swapped));
      scene.play(
          """
          expect cpu1 load a 60 is 1
          cpu0 store a 61 2
          expect cpu1 load a 61 is 2
          mprotect a 62 1 r--
          expect cpu1 load a 62 is 1
          expect cpu1 load a 63 is 7
          expect cpu1 load a 64 is 0
          """);
      // What came to a table goes with it where a child shares it, and is counted there.
      scene.play("fork a b lazy; munmap a 60 5; exit b");
    }
  }

  private interface TableChange {
    void apply(PteTable table);
  }

  private static void change(AddressSpace space, long va, TableChange change) {
    try (MmuGather gather =
        space.pageTable().gather(space.system().cpus().flusher(space.context()))) {
      change.apply(space.pageTable().pteTable(va, gather).orElseThrow());
      gather.flush();
    }
  }

  private static long leaf(AddressSpace space, long va) {
    long[] found = new long[1];
    change(space, va, table -> found[0] = table.get(table.index(va)));
    return found[0];
  }

  @Clause(
      id = "MREMAP-04",
      text = "Tables that a move leaves empty are given back, at both places",
      source = "kernel: unmap_source_vma frees them; R2.40",
      check = "Mremap.move: the unmap of the old range, and freeEmpty of the target")
  static void emptyTablesGo(ClauseContext c) {
    c.tableLevels();
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          cpu0 store a 0 1
          """);
      AddressSpace a = scene.process("a");
      TableCounts one = a.counters().tables();
      long tables = scene.bench().system().tablesInUse();
      // There, tables of all levels but the root's are apart from those here, and are in use.
      scene.play(
          """
          mmap a 50000 40 rw- private
          cpu0 store a 50039 2
          mremap a 0 40 40 to 50000
          expect cpu0 load a 50000 is 1
          mremap a 50000 40 40 to 0
          expect cpu1 load a 0 is 1
          """);
      TableCounts now = a.counters().tables();
      c.check(now.equals(one), one.toString(), now);
      long left = scene.bench().system().tablesInUse();
      c.check(left == tables, tables + " tables in use", left);
    }
  }

  @Clause(
      id = "MREMAP-05",
      text =
          "Where it may move, a mapping that grows stays if there is room, else goes where there is",
      source = "mremap(2): MREMAP_MAYMOVE; kernel: expand_vma",
      check = "Mremap.apply for Anywhere, and the highest gap")
  static void mappingsGoWhereThereIsRoom(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 2 rw- private
          mmap a 8 1 r-- private
          cpu0 store a 0 1
          """);
      AddressSpace a = scene.process("a");
      long page = c.geometry().pageBytes();
      long va = a.vmas().getFirst().firstVa();
      long stays = a.mremap(anywhere(va, 2 * page, 8 * page));
      c.check(stays == va, "0x%x".formatted(va), "0x%x".formatted(stays));
      long moved = a.mremap(anywhere(va, 8 * page, 9 * page));
      scene.sound("after a move to anywhere");
      long size = a.vmas().getLast().lastVa() - moved + 1;
      c.check(moved != va && size == 9 * page, "9 pages elsewhere", "0x%x".formatted(size));
      long shrunk = a.mremap(anywhere(moved, 9 * page, page));
      c.check(shrunk == moved, "0x%x".formatted(moved), "0x%x".formatted(shrunk));
      boolean written =
          a.fault(moved, Access.USER_WRITE).isResolved() && a.counters().anonPages() == 1;
      c.check(written, "the one page where it went", a.counters());
      scene.sound("after it shrank");
    }
  }

  private static MremapRequest anywhere(long va, long oldBytes, long newBytes) {
    return new MremapRequest(va, oldBytes, newBytes, new MremapRequest.Target.Anywhere());
  }

  @Clause(
      id = "MREMAP-06",
      text =
          "A mapping that moved is known by where it was mapped first, and joins when it is back",
      source = "kernel: copy_vma keeps vm_pgoff, of files and of anonymous pages that were touched",
      check = "the backing in Mremap.resized")
  static void movedMappingsKeepTheirOffset(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 6 rw- private
          cpu0 store a 2 1
          """);
      AddressSpace a = scene.process("a");
      List<Vma> before = a.vmas();
      scene.play("mremap a 2 2 2 to 60");
      Vma moved = a.vmas().getLast();
      Vma part =
          before
              .getFirst()
              .part(
                  before.getFirst().firstVa() + 2 * c.geometry().pageBytes(),
                  before.getFirst().lastVa());
      c.check(moved.backing().equals(part.backing()), part.backing().toString(), moved.backing());
      scene.play("mremap a 60 2 2 to 2; expect cpu0 load a 2 is 1");
      c.check(a.vmas().equals(before), before.toString(), a.vmas());
      scene.play(
          """
          file f 6
          mmap a 30 6 rw- shared f 0
          cpu0 store a 34 5
          mremap a 33 1 2 to 60
          expect cpu1 load a 61 is 5
          """);
    }
  }

  @Clause(
      id = "MREMAP-07",
      text =
          "A range with a hole, of several mappings or of no size is refused, and so is an overlap",
      source = "kernel: vma_lookup, remap_is_valid, vrm_overlaps",
      check = "what Mremap looks at before anything changes")
  static void whatIsNotOneMappingIsRefused(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 4 rw- private
          mmap a 6 2 rw- private
          mprotect a 2 2 r--
          cpu0 store a 1 1
          expect mremap a 0 4 4 to 60 is refused
          expect mremap a 6 3 1 is refused
          expect mremap a 5 1 1 is refused
          expect mremap a 0 0 1 to 60 is refused
          expect mremap a 0 1 0 is refused
          expect mremap a 0 2 2 to 1 is refused
          expect mremap a 1 1 2 to 0 is refused
          expect cpu0 load a 1 is 1
          expect cpu0 store a 2 1 is fault: not permitted
          """);
    }
  }

  @Clause(
      id = "MREMAP-08",
      text = "The heap grows by zeros and shrinks at its end, and runs into no other mapping",
      source = "brk(2); kernel: sys_brk, which leaves a page free behind",
      check = "Heap.moveEnd")
  static void theHeapGrowsAndShrinks(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          expect cpu0 load a 16 is fault: not mapped
          brk a 24
          cpu0 store a 16 1
          cpu0 store a 23 2
          brk a 18
          expect cpu1 load a 23 is fault: not mapped
          brk a 24
          expect cpu1 load a 23 is 0
          expect cpu1 load a 16 is 1
          expect brk a 15 is refused
          mmap a 28 1 rw- private
          expect brk a 28 is refused
          brk a 27
          fork a b
          brk b 16
          expect cpu0 load b 16 is fault: not mapped
          expect cpu0 load a 16 is 1
          munmap a 20 7
          expect brk a 20 is refused
          brk a 16
          """);
      AddressSpace a = scene.process("a");
      long page = c.geometry().pageBytes();
      long start = a.heapEnd();
      a.brk(start + 1);
      long bytes = a.vmas().getFirst().lastVa() - start + 1;
      c.check(bytes == page && a.heapEnd() == start + 1, "a heap of a page", bytes);
    }
  }
}

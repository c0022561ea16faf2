package org.mmport.mm;

import java.util.List;
import java.util.Optional;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;

/**
 * The address spaces that get to an address by one and the same table of the last level, or would
 * by the one that is missing below a table that they share, for what is right for all of them: a
 * page that comes to be where each would have found it, one that goes, a write that all are to see.
 * Then no table is copied; each counts the change, and the CPUs of each forget what they know.
 *
 * <p>A table has no list of them. Who shares one is of one family and has the same mappings there,
 * so reverse maps find them (R3.8); that none is missing is known from the use counts of the tables
 * on their ways.
 */
final class TableUsers {
  private final AddressSpace mm;
  private final long va;
  private final List<AddressSpace> all;

  private TableUsers(AddressSpace mm, long va, List<AddressSpace> all) {
    this.mm = mm;
    this.va = va;
    this.all = all;
  }

  /** One that has the table for itself. */
  static TableUsers only(AddressSpace mm, long va) {
    return new TableUsers(mm, va, List.of(mm));
  }

  /** Those of the table by which an address space gets to an address; itself alone if to none. */
  static TableUsers of(AddressSpace mm, long va) {
    List<AddressSpace> all = List.of(mm);
    if (mm.pageTable().mayShare()) {
      all = mm.mappings().find(va).map(vma -> sharing(mm, vma, va)).orElse(all);
    }
    return new TableUsers(mm, va, all);
  }

  private static List<AddressSpace> sharing(AddressSpace mm, Vma vma, long va) {
    Rmap rmap = mm.system().rmap();
    Mapping own = Mapping.ofAnon(mm, vma, mm.system().folios().pageShift());
    long page = own.page(va);
    // Only private mappings are known to the family.
    long owner =
        vma.shared() && vma.backing() instanceof Backing.OfFile of ? of.file().id() : mm.family();
    return rmap.of(owner, page, page).stream()
        .filter(mapping -> mapping.va(page) == va)
        .map(Mapping::mm)
        .filter(user -> user == mm || sharesTable(mm, user, va))
        .toList();
  }

  private static boolean sharesTable(AddressSpace mm, AddressSpace user, long va) {
    return user.family() == mm.family() && user.pageTable().sharesPteTable(mm.pageTable(), va);
  }

  /** Whether there is another. */
  boolean areSeveral() {
    return all.size() > 1;
  }

  /** Changes of the table, for all of them. */
  PageGather gather() {
    return new PageGather(
        mm.pageTable()
            .gatherOfAll(
                pageTables(), request -> all.forEach(user -> user.flusher().flush(request))),
        mm.system()::release);
  }

  private List<PageTable> pageTables() {
    return all.stream().map(AddressSpace::pageTable).toList();
  }

  /** The table, if there is one. Nothing is copied, and so it cannot fail for want of memory. */
  Optional<PteTable> table(PageGather gather) {
    if (!mm.pageTable().mayShare()) {
      return mm.pageTable().pteTable(va, gather.gather());
    }
    return mm.pageTable().hasTable(Level.PTE, va)
        ? Optional.of(tableAlloc(gather))
        : Optional.empty();
  }

  /**
   * The same, made for all of them where it is missing. Nothing is copied.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for it; nothing changed
   *     then
   */
  PteTable tableAlloc(PageGather gather) {
    return mm.pageTable().pteTableOfAll(va, pageTables(), gather.gather());
  }

  /** Counts what the table came to map, or no longer maps. */
  void count(PteTable table, long anon, long file, long swap) {
    all.forEach(user -> user.count(anon, file, swap));
    mm.note(table, anon, file, swap);
  }
}

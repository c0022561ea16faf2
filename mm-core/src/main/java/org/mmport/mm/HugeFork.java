package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntries;
import org.mmport.pgtable.HugeEntry;
import org.mmport.spi.PteFormat;

/**
 * Gives the child of a fork what huge pages the parent has, whatever the way in which it gets the
 * rest: {@code copy_huge_pmd()}. Both may read them as a whole; who writes copies a page.
 */
final class HugeFork {
  private final AddressSpace parent;
  private final AddressSpace child;
  private final PageGather parents;
  private final PageGather childs;
  private final Folios folios;
  private final PteFormat format;

  HugeFork(AddressSpace parent, AddressSpace child, PageGather parents, PageGather childs) {
    this.parent = parent;
    this.child = child;
    this.parents = parents;
    this.childs = childs;
    this.folios = parent.system().folios();
    this.format = parent.system().variant().format();
  }

  /**
   * Copies all leaves, or splits those that the child may not have as they are.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for a table
   */
  void copy() {
    if (parent.pageTable().hugeEntries().count() == 0) {
      return;
    }
    List<HugeEntry> leaves = new ArrayList<>();
    for (Vma vma : parent.mappings().all()) {
      if (!(vma.backing() instanceof Backing.Anonymous)) {
        // Faults find what files have.
        continue;
      }
      parent
          .pageTable()
          .hugeEntries()
          .leaves(vma.firstVa(), vma.lastVa(), parents.gather(), leaves::add);
    }
    leaves.forEach(this::copy);
  }

  private void copy(HugeEntry leaf) {
    long head = parent.hugeLeaves().head(leaf);
    if (folios.is(head, PageFlag.ANON_EXCLUSIVE) && folios.maybePinned(head)) {
      // Whoever pinned it goes on seeing what the parent writes: the child gets copies of pages.
      parent.hugeLeaves().split(leaf);
      return;
    }
    HugeEntries childs = child.pageTable().hugeEntries();
    HugeEntry to = childs.alloc(leaf.firstVa(), this.childs.gather());
    long spare = childs.allocSpare();
    folios.ref(head, 1);
    folios.clear(head, PageFlag.ANON_EXCLUSIVE);
    folios.addEntireMapCount(head, 1);
    leaf.wrProtect();
    long shared = format.wrProtect(leaf.get(), leaf.level());
    to.map(format.mkOld(shared, leaf.level()), spare);
    child.count(parent.hugeLeaves().pages(leaf), 0, 0);
  }
}

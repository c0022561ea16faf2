package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.pgtable.HashedTree;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.WalkStep;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * A guest whose trees fill a hash table, as a kernel does it: where an access faults because a
 * segment is not loaded or a page is not hashed (so), that is done and the access tried again. What
 * remains is a page fault.
 */
final class HashKernel extends CoProcessor {
  private static final long CONTEXT = 42;
  private static final int TRIES = 6;
  private static final int MOST_PAGES = 8;
  private static final GuestReply NOTHING = new GuestReply(0, 0, 0, 0);

  private final QemuMachine machine;
  private final MmuVariant variant;
  private final Ppc64HashGuest guest;
  private final HashMmu mmu;
  private final HashedPageTable table;
  private final HashedTree tree;
  private List<Long> roots = List.of();
  private int next;

  HashKernel(QemuMachine machine, MmuVariant variant, Ppc64HashGuest guest) {
    super(machine, guest.cpu().spec(), Ppc64Ram.MAILBOX, "pc");
    this.machine = machine;
    this.variant = variant;
    this.guest = guest;
    HashMmu.Table place = HashForest.locate(variant, guest, machine.memory());
    this.mmu = place.mmu();
    this.table = HashedPageTable.over(machine.memory(), place);
    this.tree = new HashedTree(machine.memory(), variant, table);
  }

  @Override
  List<GuestReply> run(List<GuestOp> list) {
    List<GuestReply> replies = new ArrayList<>();
    List<GuestOp> pending = new ArrayList<>();
    for (GuestOp operation : list) {
      if (operation.loadsRoots() || operation.drops()) {
        runHardware(pending, replies);
        pending.clear();
        if (operation.loadsRoots()) {
          roots = List.of(operation.first(), operation.second());
          guest.empty(machine.memory());
          guest.crowd(machine.memory(), new Random(CONTEXT));
          super.run(List.of(GuestOp.flushAll()));
        } else {
          drop(operation.first(), operation.second());
        }
        replies.add(NOTHING);
      } else {
        pending.add(operation);
      }
    }
    runHardware(pending, replies);
    return replies;
  }

  private void runHardware(List<GuestOp> operations, List<GuestReply> replies) {
    List<GuestReply> now = super.run(operations);
    for (int tries = 0; tries < TRIES; tries++) {
      List<GuestOp> again = new ArrayList<>();
      Map<Integer, Integer> at = new HashMap<>();
      Set<Long> loading = new HashSet<>();
      for (int i = 0; i < operations.size(); i++) {
        Optional<Access> access = operations.get(i).access();
        if (access.isPresent()) {
          long va = operations.get(i).first();
          if (handle(va, access.get(), now.get(i), again, loading)) {
            at.put(i, again.size());
            again.add(operations.get(i));
          } else if (Ppc64Interrupt.isStorage(now.get(i))) {
            now.set(i, Ppc64Interrupt.storage(access.get(), va, 0));
          }
        }
      }
      if (at.isEmpty()) {
        break;
      }
      List<GuestReply> then = super.run(again);
      at.forEach((i, place) -> now.set(i, then.get(place)));
    }
    replies.addAll(now);
  }

  /**
   * Does what an interrupt asks for, partly by operations; false where nothing helps.
   *
   * @param loading first addresses of segments that those operations load
   */
  private boolean handle(
      long va, Access access, GuestReply reply, List<GuestOp> operations, Set<Long> loading) {
    if (variant.geometry().vaLayout().regionOf(va).isEmpty()) {
      return false;
    }
    if (Ppc64Interrupt.isSegment(reply)) {
      HashSegment segment = segment(va);
      if (loading.add(segment.firstVa())) {
        operations.add(guest.load(slot(), segment));
      }
      return true;
    }
    if (Ppc64Interrupt.isStorage(reply)
        && leaf(va).filter(leaf -> tree.fault(leaf, access.right())).isPresent()) {
      operations.add(guest.invalidate(segment(va), va));
      return true;
    }
    return false;
  }

  private HashSegment segment(long va) {
    return mmu.segment(CONTEXT, va);
  }

  /** The next one in turn; the first is the guest's own. */
  private int slot() {
    return 1 + next++ % (Ppc64HashGuest.SLOTS - 1);
  }

  private Optional<HashedTree.Leaf> leaf(long va) {
    List<WalkStep> steps = TableWalker.over(machine.memory(), variant, roots).walk(va).steps();
    return steps.isEmpty() || steps.getLast().level() != Level.PTE
        ? Optional.empty()
        : Optional.of(
            new HashedTree.Leaf(
                segment(va),
                va,
                steps.getLast().entryAddr(),
                Level.PTE,
                variant.geometry().pageShift()));
  }

  /**
   * What a flush of pages is with a hash table: their entries go from it, and from the TLB even
   * where the table has none, for one that made way for another is still there.
   */
  private void drop(long firstVa, long lastVa) {
    long pageBytes = variant.geometry().pageBytes();
    List<GuestOp> operations = new ArrayList<>();
    for (long va = firstVa & -pageBytes; va - lastVa <= 0; va += pageBytes) {
      HashSegment segment = segment(va);
      table.remove(segment, va);
      operations.add(guest.invalidate(segment, va));
    }
    super.run(operations.size() > MOST_PAGES ? List.of(GuestOp.flushAll()) : operations);
  }
}

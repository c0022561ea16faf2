package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.NumaNode;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.pgtable.WalkStep;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.VaRegion;

/**
 * Leaves changed while the hash table and the TLB hold them. Until the flush that the port's rules
 * ask for, an access may end as before or as after the change; then only as after it.
 */
final class HashStaleJudge {
  private static final int PAGES = 48;
  private static final int CHANGES = 1500;
  private static final int PROBES = 6;

  private final MmuVariant variant;
  private final PteFormat format;
  private final Ppc64HashedTreeGuest guest;
  private final QemuMachine machine;
  private final RawEntries entries;
  private final DataFrames frames;
  private final ReplyCheck check;
  private final CpuState cpu;
  private final Random random;

  HashStaleJudge(
      MmuVariant variant,
      Ppc64HashedTreeGuest guest,
      QemuMachine machine,
      Oddities oddities,
      Random random) {
    this.variant = variant;
    this.format = variant.format();
    this.guest = guest;
    this.machine = machine;
    this.random = random;
    entries = new RawEntries(machine.memory(), variant);
    frames = new DataFrames(machine.memory(), guest, random);
    check = new ReplyCheck(guest, oddities, frames);
    cpu = guest.states().getFirst();
  }

  /** A leaf and the address that it maps. */
  private record Page(long va, long entryAddr) {}

  void judge() {
    CoProcessor kernel = guest.boot(machine);
    PhysRange range = guest.tables();
    NumaNode node = new NumaNode(0, range.first(), range.end() - range.first());
    int pageShift = variant.geometry().pageShift();
    FrameAllocator allocator = new FrameAllocator(machine.memory(), pageShift, List.of(node));
    PageTable table = PageTable.create(new TableSpace(variant, allocator, 0), TableOwner.USER);
    List<Long> roots = List.of(table.root(0), table.root(1));
    kernel.run(List.of(guest.use(roots), cpu.operation(), GuestOp.flushAll()));
    List<Page> pages = new ArrayList<>();
    for (VaRegion region : variant.geometry().vaLayout().regions()) {
      for (int i = 0; i < PAGES / 2; i++) {
        pages.add(page(table, region));
      }
    }
    HardwareWalker walker = HardwareWalker.looking(entries, variant, roots);
    for (int i = 0; i < CHANGES / guest.machines(); i++) {
      change(pages.get(random.nextInt(pages.size())), kernel, walker, roots);
    }
  }

  private Page page(PageTable table, VaRegion region) {
    long pageBytes = variant.geometry().pageBytes();
    while (true) {
      long offset = Math.floorMod(random.nextLong(), region.lastVa() - region.firstVa());
      long va = region.firstVa() + offset & -pageBytes;
      if (table.translate(va) >= 0) {
        continue;
      }
      try (MmuGather gather = table.gather(request -> {})) {
        table.map(va, frames.leafAddr(pageBytes), pageBytes, protection(va), gather);
        gather.flush();
      }
      WalkStep last = table.walker().walk(va).steps().getLast();
      return new Page(va, last.entryAddr());
    }
  }

  private Protection protection(long va) {
    List<Protection> fitting =
        guest.protections().stream().filter(p -> guest.fits(p, va) && !p.isNone()).toList();
    return fitting.get(random.nextInt(fitting.size()));
  }

  private void change(Page page, CoProcessor kernel, HardwareWalker walker, List<Long> roots) {
    List<Probe> probes = probes(page.va);
    require(probes, predict(probes, walker), run(kernel, probes), "");

    long oldRaw = entries.load(page.entryAddr);
    long newRaw = changed(oldRaw, page.va);
    TlbDuty duty = variant.tlbRules().duty(oldRaw, newRaw, Level.PTE);
    String what = " after 0x%x became 0x%x".formatted(oldRaw, newRaw);
    List<AccessResult> before = predict(probes, walker);
    entries.store(page.entryAddr, newRaw);
    List<AccessResult> after = predict(probes, walker);
    if (!duty.isNone()) {
      List<GuestReply> replies = run(kernel, probes);
      for (int i = 0; i < probes.size(); i++) {
        if (!check.agrees(probes.get(i), before.get(i), cpu, replies.get(i))) {
          requireOne(probes.get(i), after.get(i), replies.get(i), what + ", not flushed");
        }
      }
      kernel.run(guest.flush(new FlushRequest(page.va, page.va, duty, true), roots));
    }
    require(probes, after, run(kernel, probes), what + " and " + duty.scope());
    requireMarks(page, probes, after, what);
  }

  /** What was used must be young, and what was written dirty, or a hash fault was left out. */
  private void requireMarks(
      Page page, List<Probe> probes, List<AccessResult> results, String what) {
    boolean used = false;
    boolean written = false;
    for (int i = 0; i < probes.size(); i++) {
      boolean done = results.get(i) instanceof AccessResult.Done;
      used |= done;
      written |= done && probes.get(i).access().writes() && guest.tracksWrites(page.va);
    }
    long raw = entries.load(page.entryAddr);
    boolean young = !used || format.young(raw, Level.PTE);
    boolean dirty = !written || format.dirty(raw, Level.PTE);
    if (!young || !dirty) {
      throw new HardwareDiffers(
          page.va, Level.PTE, raw, "young, and dirty if written," + what, "something else");
    }
  }

  private List<Probe> probes(long pageVa) {
    List<Probe> probes = new ArrayList<>();
    for (int i = 0; i < PROBES; i++) {
      long va = pageVa + (random.nextLong() & (variant.geometry().pageBytes() - 1));
      Access access = Access.values()[random.nextInt(Access.values().length)];
      probes.add(new Probe(access, frames.address(va, access), random.nextInt()));
    }
    return probes;
  }

  /** Other marks, other rights, another place, or nothing. */
  private long changed(long raw, long va) {
    if (!format.present(raw, Level.PTE)) {
      long frame = frames.leafAddr(variant.geometry().pageBytes());
      return format.mkLeaf(frame, format.pgprot(protection(va)), Level.PTE);
    }
    return switch (random.nextInt(7)) {
      case 0 -> format.empty(Level.PTE);
      case 1 -> format.mkClean(format.mkOld(raw, Level.PTE), Level.PTE);
      case 2 -> va < 0 ? raw : format.wrProtect(raw, Level.PTE);
      case 3 -> format.mkWrite(raw, Level.PTE);
      case 4 ->
          format.withPhysAddr(raw, frames.leafAddr(variant.geometry().pageBytes()), Level.PTE);
      case 5 -> va < 0 ? raw : format.modify(raw, format.pgprot(Protection.PAGE_NONE), Level.PTE);
      default -> format.modify(raw, format.pgprot(protection(va)), Level.PTE);
    };
  }

  private List<AccessResult> predict(List<Probe> probes, HardwareWalker walker) {
    List<AccessResult> results = new ArrayList<>();
    for (Probe probe : probes) {
      AccessResult result = walker.access(probe.va(), probe.access(), cpu);
      frames.mark(result);
      results.add(result);
    }
    return results;
  }

  private List<GuestReply> run(CoProcessor kernel, List<Probe> probes) {
    return kernel.run(probes.stream().map(probe -> probe.operation(cpu)).toList());
  }

  private void require(
      List<Probe> probes, List<AccessResult> results, List<GuestReply> replies, String when) {
    for (int i = 0; i < probes.size(); i++) {
      requireOne(probes.get(i), results.get(i), replies.get(i), when);
    }
  }

  private void requireOne(Probe probe, AccessResult result, GuestReply reply, String when) {
    if (!check.agrees(probe, result, cpu, reply)) {
      throw check.differs(probe, result, cpu, reply, when);
    }
  }
}

package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.NumaNode;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/**
 * Tables that the core builds, changes and has flushed. What must happen at an address is known
 * from what was asked for: neither the port nor a walker is asked. What was flushed is what the
 * core's gather asks for, and no more.
 */
final class BuiltJudge {
  private static final int CHANGES = 1500;
  private static final int PROBES = 12;
  private static final int WINDOW_PAGES = 1 << 12;

  private final MmuVariant variant;
  private final PagingGeometry geometry;
  private final Guest guest;
  private final QemuMachine machine;
  private final Oddities oddities;

  BuiltJudge(MmuVariant variant, Guest guest, QemuMachine machine, Oddities oddities) {
    this.variant = variant;
    this.geometry = variant.geometry();
    this.guest = guest;
    this.machine = machine;
    this.oddities = oddities;
  }

  void judge(Random random) {
    PhysRange range = guest.tables();
    NumaNode node = new NumaNode(0, range.first(), range.end() - range.first());
    FrameAllocator frames =
        new FrameAllocator(machine.memory(), geometry.pageShift(), List.of(node));
    CoProcessor coProcessor = guest.boot(machine);
    for (TableOwner owner : guest.owners()) {
      // Never closed: the guest's own entry in the root is none of the core's tables.
      PageTable table = PageTable.create(new TableSpace(variant, frames, 0), owner);
      new Round(coProcessor, table, owner, random).run();
    }
  }

  /**
   * What a page was asked to be.
   *
   * @param dirty whether it was ever asked to be what is dirty from the beginning
   */
  private record Page(long physAddr, Protection protection, boolean dirty) {}

  /** Whole pages, by number, of one window. */
  private record Stretch(long va, int pages) {}

  private final class Round {
    private final CoProcessor coProcessor;
    private final PageTable table;
    private final TableOwner owner;
    private final Random random;
    private final List<Long> roots = new ArrayList<>();
    private final CpuState cpu;
    private final DataFrames frames;
    private final ReplyCheck check;
    private final List<Long> windows = new ArrayList<>();
    private final Map<Long, Page> pages = new HashMap<>();
    private String last = "";

    Round(CoProcessor coProcessor, PageTable table, TableOwner owner, Random random) {
      this.coProcessor = coProcessor;
      this.table = table;
      this.owner = owner;
      this.random = random;
      this.cpu = guest.states().getFirst();
      this.frames = new DataFrames(machine.memory(), guest, random);
      this.check = new ReplyCheck(guest, oddities, frames);
      for (int i = 0; i < geometry.vaLayout().roots(); i++) {
        roots.add(table.root(i));
      }
      long huge = geometry.spanBytes(Level.PTE) * WINDOW_PAGES;
      for (VaRegion region : geometry.vaLayout().regions()) {
        addWindow(region.firstVa());
        addWindow((region.lastVa() - huge + 1) & -huge);
        long half = (region.lastVa() - region.firstVa()) >>> 1;
        addWindow((region.firstVa() + half) & -huge);
      }
    }

    private void addWindow(long va) {
      long last = va + geometry.pageBytes() * WINDOW_PAGES - 1;
      if (!guest.isOwn(va) && !guest.isOwn(last)) {
        windows.add(va);
      }
    }

    void run() {
      guest.hook(machine.memory(), roots);
      coProcessor.run(List.of(guest.use(roots), cpu.operation(), GuestOp.flushAll()));
      for (int i = 0; i < CHANGES / guest.machines() / guest.owners().size(); i++) {
        Stretch stretch = stretch();
        probe(stretch);
        change(stretch);
        probe(stretch);
      }
    }

    private Stretch stretch() {
      long window = windows.get(random.nextInt(windows.size()));
      int huge = 1 << geometry.at(Level.PTE).indexBits();
      boolean large = huge < WINDOW_PAGES && random.nextInt(4) == 0;
      int count = large ? huge : 1 + random.nextInt(40);
      int first = random.nextInt(WINDOW_PAGES - count + 1);
      first = large ? first & -huge : first;
      return new Stretch(window + first * geometry.pageBytes(), count);
    }

    private void change(Stretch stretch) {
      long sizeBytes = stretch.pages * geometry.pageBytes();
      try (MmuGather gather =
          table.gather(request -> coProcessor.run(guest.flush(request, roots)))) {
        switch (random.nextInt(4)) {
          case 0 -> {
            table.unmap(stretch.va, sizeBytes, gather);
            note("unmap", stretch);
            forEach(stretch, pages::remove);
          }
          case 1 -> {
            Protection protection = protection(stretch);
            table.protect(stretch.va, sizeBytes, protection, gather);
            note("protect " + protection, stretch);
            boolean dirty = guest.isBornDirty(protection);
            forEach(
                stretch,
                va ->
                    pages.computeIfPresent(
                        va, (v, p) -> new Page(p.physAddr, protection, p.dirty || dirty)));
          }
          default -> {
            table.unmap(stretch.va, sizeBytes, gather);
            gather.flush();
            map(stretch, sizeBytes, gather);
          }
        }
        gather.flush();
      }
    }

    private void map(Stretch stretch, long sizeBytes, MmuGather gather) {
      Protection protection = protection(stretch);
      PhysRange data = guest.data();
      long align = Math.max(geometry.pageBytes(), Long.highestOneBit(sizeBytes));
      long room = data.end() - data.first() - sizeBytes;
      long physAddr = data.first() + Math.floorMod(random.nextLong(), room) & -align;
      boolean leaf = guest.hasHugeLeaves() && geometry.at(Level.PMD).leafAllowed();
      table.map(stretch.va, physAddr, sizeBytes, protection, leaf ? Level.PMD : Level.PTE, gather);
      note("map " + protection, stretch);
      boolean dirty = guest.isBornDirty(protection);
      forEach(
          stretch, va -> pages.put(va, new Page(physAddr + (va - stretch.va), protection, dirty)));
    }

    private void note(String what, Stretch stretch) {
      last = " after %s of %d pages at 0x%x".formatted(what, stretch.pages, stretch.va);
    }

    private Protection protection(Stretch stretch) {
      List<Protection> all =
          guest.protections().stream().filter(p -> guest.fits(p, stretch.va)).toList();
      return all.get(random.nextInt(all.size()));
    }

    private void forEach(Stretch stretch, java.util.function.LongConsumer action) {
      for (int i = 0; i < stretch.pages; i++) {
        action.accept(stretch.va + i * geometry.pageBytes());
      }
    }

    private void probe(Stretch stretch) {
      List<Probe> probes = new ArrayList<>();
      List<AccessResult> results = new ArrayList<>();
      for (int i = 0; i < PROBES; i++) {
        long offset = random.nextInt(stretch.pages) * geometry.pageBytes();
        long inPage = random.nextLong() & (geometry.pageBytes() - 1);
        Access access = Access.values()[random.nextInt(Access.values().length)];
        long va = frames.address(stretch.va + offset + inPage, access);
        probes.add(new Probe(access, va, random.nextInt()));
        results.add(expected(va, access));
      }
      List<GuestReply> replies =
          coProcessor.run(probes.stream().map(probe -> probe.operation(cpu)).toList());
      guest.tidy(machine.memory(), roots).ifPresent(oddities::requireKnown);
      for (int i = 0; i < PROBES; i++) {
        Probe probe = probes.get(i);
        GuestReply reply = replies.get(i);
        if (!check.agreesButLevel(probe, results.get(i), cpu, reply) && isOdd(probe)) {
          coProcessor.run(List.of(guest.forget(probe.va())));
          reply = coProcessor.run(List.of(probe.operation(cpu))).getFirst();
        }
        if (!check.agreesButLevel(probe, results.get(i), cpu, reply)) {
          throw check.differs(probe, shown(probe, results.get(i)), cpu, reply, last);
        }
        requireMarks(probe, results.get(i));
      }
    }

    /** QEMU may forget less than it was told, page by page; the probe's own address helps. */
    private boolean isOdd(Probe probe) {
      return guest
          .oddStale(probe, Level.PTE, FlushScope.WALK_CACHES)
          .filter(oddities::meets)
          .isPresent();
    }

    private AccessResult expected(long va, Access access) {
      Optional<Page> page = Optional.ofNullable(pages.get(va & -geometry.pageBytes()));
      int allowed = page.map(this::allowed).orElse(0);
      if (allowed == 0) {
        FaultCause cause = page.isPresent() ? guest.ofNone() : FaultCause.NOT_PRESENT;
        return new Fault(cause, Level.PTE, 0);
      }
      long physAddr = page.orElseThrow().physAddr + (va & (geometry.pageBytes() - 1));
      AccessResult result =
          (cpu.rights(allowed) & access.right()) == 0
              ? new Fault(FaultCause.PERMISSION, Level.PTE, 0, physAddr)
              : new Done(physAddr, Level.PTE, 0);
      frames.mark(result);
      return result;
    }

    private int allowed(Page page) {
      int rights = guest.rights(page.protection, owner);
      boolean refused = guest.refusesFirstWrite() && !page.dirty;
      return refused ? rights & ~Rights.WRITE : rights;
    }

    /** The same with level and entry as the tables have them, for the message. */
    private AccessResult shown(Probe probe, AccessResult result) {
      Outcome outcome = table.walker().walk(probe.va()).outcome();
      Level level = level(outcome);
      long raw = outcome instanceof Outcome.Mapped mapped ? mapped.raw() : 0;
      return switch (result) {
        case Done done -> new Done(done.physAddr(), level, raw);
        case Fault fault -> new Fault(fault.cause(), level, raw);
      };
    }

    private Level level(Outcome outcome) {
      return switch (outcome) {
        case Outcome.Mapped mapped -> mapped.level();
        case Outcome.Fault fault -> fault.level();
      };
    }

    /** The port must read young and dirty where hardware has just been. */
    private void requireMarks(Probe probe, AccessResult result) {
      if (result instanceof Done) {
        Outcome outcome = table.walker().walk(probe.va()).outcome();
        if (!(outcome instanceof Outcome.Mapped mapped)) {
          throw new HardwareDiffers("a walk that ends as hardware's did", outcome.toString())
              .at(probe.va());
        }
        Supplier<HardwareDiffers> differs =
            () ->
                new HardwareDiffers(
                    probe.va(),
                    mapped.level(),
                    mapped.raw(),
                    "young, and dirty if written, after " + probe.access().words(),
                    "something else");
        boolean young = variant.format().young(mapped.raw(), mapped.level());
        boolean written = probe.access().writes() && guest.tracksWrites(probe.va());
        boolean dirty = variant.format().dirty(mapped.raw(), mapped.level());
        if (!young || (written && !dirty)) {
          throw differs.get();
        }
      }
    }
  }
}

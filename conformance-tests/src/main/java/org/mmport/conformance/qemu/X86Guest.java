package org.mmport.conformance.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.FaultReason;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.Walk;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** x86 in any of its paging modes; the guests are {@code x86-32.S} and {@code x86-64.S}. */
record X86Guest(X86Mode mode) implements Guest {
  private static final long IMAGE = 0x8000;
  private static final long USER_PAGE = IMAGE + 0x1000;
  private static final long BOOT = 0x7000;
  private static final long MAILBOX = 0x10_0000;
  private static final long OWN_TABLES = 0x1_0000;

  private static final long CR0_PG_WP_PE = 0x8001_0001L;
  private static final long EFER_LMA = 1L << 10;
  private static final long EFER_NXE = 1L << 11;

  private static final int BREAKPOINT = 3;
  private static final int GENERAL_PROTECTION = 13;
  private static final int PAGE_FAULT = 14;

  /** Page-fault error code, SDM volume 3A, 4.7. */
  private static final int ERROR_P = 1;

  private static final int ERROR_WR = 2;
  private static final int ERROR_US = 4;
  private static final int ERROR_RSVD = 8;
  private static final int ERROR_ID = 16;

  /** Pages that Linux invalidates one by one at most: tlb_single_page_flush_ceiling. */
  private static final long CEILING = 33;

  private static final String PAE_ROOT_MARKED = "x86-pae-root-marked";
  private static final long PAGE_SIZE = 1L << 7;
  private static final long LISTED_BITS = 0x3_ffff_ffff_f000L;

  private static final Pattern LISTED =
      Pattern.compile("(?m)^([0-9a-f]+): ([0-9a-f]+) ([XGPDACTUW-]{9})");

  @Override
  public String variant() {
    return mode.variant();
  }

  @Override
  public QemuSpec spec() {
    String cpu = mode == X86Mode.LA57 ? "max,phys-bits=52" : "max,phys-bits=52,la57=off";
    return new QemuSpec("qemu-system-x86_64", "q35", cpu, 0, 2L << 30, ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public boolean isOwn(long va) {
    return switch (mode) {
      case TWO_LEVEL -> (va & 0xffc0_0000L) == 0xffc0_0000L;
      case PAE -> (va & 0xc000_0000L) == 0xc000_0000L;
      case FOUR_LEVEL -> va >>> 39 == 0x1ff_ffffL;
      case LA57 -> va >>> 48 == 0xffffL;
    };
  }

  @Override
  public long anyAddress(Random random) {
    return mode.is64Bit() ? random.nextLong() : random.nextLong() & 0xffff_ffffL;
  }

  @Override
  public PhysRange tables() {
    return new PhysRange(16L << 20, 64L << 20);
  }

  @Override
  public PhysRange data() {
    return new PhysRange(256L << 20, 2L << 30);
  }

  @Override
  public void look(QemuMachine machine, List<Long> roots) {
    machine.setRegister("cr4", mode.cr4());
    machine.setRegister("efer", mode.efer() | EFER_NXE | (mode.is64Bit() ? EFER_LMA : 0));
    machine.setRegister("cr3", roots.getFirst());
    machine.setRegister("cr0", CR0_PG_WP_PE);
    if (mode.is64Bit() && (machine.register("efer") & EFER_LMA) == 0) {
      throw new QemuException("QEMU does not enter long mode by registers");
    }
  }

  @Override
  public Optional<List<ListedPage>> list(QemuMachine machine) {
    List<ListedPage> pages = new ArrayList<>();
    for (MatchResult line : LISTED.matcher(machine.monitor("info tlb")).results().toList()) {
      pages.add(
          new ListedPage(
              Long.parseUnsignedLong(line.group(1), 16),
              Long.parseUnsignedLong(line.group(2), 16),
              line.group(3)));
    }
    return Optional.of(pages);
  }

  @Override
  public CoProcessor boot(QemuMachine machine) {
    PhysicalMemory memory = machine.memory();
    machine.load(mode.is64Bit() ? "x86-64.bin" : "x86-32.bin", IMAGE);
    store(memory, BOOT, buildOwnTables(memory));
    store(memory, BOOT + 8, mode.cr4() | 1L << 7);
    machine.setRegister("cs", 0);
    machine.setRegister("rip", IMAGE);
    machine.run();
    return new CoProcessor(machine, spec(), MAILBOX, "rip");
  }

  /**
   * Tables that map the first 2 MiB of RAM twice: as they are, to start with, and where the guest
   * was built for. Marked as used already, so that hardware does not change them. Written without
   * the port, which may be wrong.
   */
  private long buildOwnTables(PhysicalMemory memory) {
    long table = X86State.P | X86State.RW | X86State.US | X86State.A | X86State.D;
    long last = OWN_TABLES + 0x5000;
    int width = mode == X86Mode.TWO_LEVEL ? 4 : 8;
    for (long page = 0; page < 0x1000 / width; page++) {
      long raw = page << 12 | X86State.P | X86State.RW | X86State.A | X86State.D;
      storeEntry(memory, last, page, page << 12 == USER_PAGE ? raw | X86State.US : raw);
    }
    switch (mode) {
      case TWO_LEVEL -> {
        storeEntry(memory, OWN_TABLES, 0, last | table);
        storeEntry(memory, OWN_TABLES, 1023, last | table);
      }
      case PAE -> {
        storeEntry(memory, OWN_TABLES, 0, OWN_TABLES + 0x1000 | X86State.P);
        storeEntry(memory, OWN_TABLES, 3, OWN_TABLES + 0x2000 | X86State.P);
        storeEntry(memory, OWN_TABLES + 0x1000, 0, last | table);
        storeEntry(memory, OWN_TABLES + 0x2000, 510, last | table);
      }
      case FOUR_LEVEL, LA57 -> {
        long upper = OWN_TABLES;
        for (int depth = mode == X86Mode.LA57 ? 3 : 2; depth >= 0; depth--) {
          long below = depth == 0 ? last : upper + 0x1000;
          storeEntry(memory, upper, 0, below | table);
          if (depth >= 2) {
            storeEntry(memory, upper, 511, below | table);
          }
          upper = below;
        }
      }
    }
    return OWN_TABLES;
  }

  private void storeEntry(PhysicalMemory memory, long table, long index, long raw) {
    if (mode == X86Mode.TWO_LEVEL) {
      memory.slice(table + 4 * index, 4).set(ValueLayout.JAVA_INT, 0, (int) raw);
    } else {
      store(memory, table + 8 * index, raw);
    }
  }

  private static void store(PhysicalMemory memory, long physAddr, long value) {
    memory.slice(physAddr, Long.BYTES).set(ValueLayout.JAVA_LONG, 0, value);
  }

  @Override
  public void hook(PhysicalMemory memory, List<Long> roots) {
    int width = mode == X86Mode.TWO_LEVEL ? 4 : 8;
    long offset = (long) width * mode.guestRootEntry();
    MemorySegment.copy(
        memory.slice(OWN_TABLES + offset, width),
        0,
        memory.slice(roots.getFirst() + offset, width),
        0,
        width);
  }

  @Override
  public GuestOp use(List<Long> roots) {
    return GuestOp.loadRoot(roots.getFirst());
  }

  /** As Linux does it: page by page up to a number, above that all that is not global, or all. */
  @Override
  public List<GuestOp> flush(FlushRequest request, List<Long> roots) {
    long pages = ((request.lastVa() - request.firstVa()) >>> 12) + 1;
    if (pages > CEILING) {
      return List.of(request.global() ? GuestOp.flushAll() : use(roots));
    }
    List<GuestOp> operations = new ArrayList<>();
    if (request.duty().reloadRoot()) {
      operations.add(use(roots));
    }
    for (long page = 0; page < pages; page++) {
      operations.add(GuestOp.invalidate(request.firstVa() + (page << 12)));
    }
    return operations;
  }

  @Override
  public List<CpuState> states() {
    List<CpuState> all = new ArrayList<>();
    all.add(X86State.usual(mode));
    for (int bits = 0; bits < 32; bits++) {
      boolean nxe = mode.hasNx() && (bits & 8) == 0;
      all.add(
          new X86State(
              mode, (bits & 1) == 0, (bits & 2) == 0, (bits & 4) == 0, nxe, (bits & 16) == 0));
    }
    return all;
  }

  @Override
  public GuestReply reply(AccessResult result, Access access, CpuState cpu, long va, int value) {
    return switch (result) {
      case Done done ->
          new GuestReply(BREAKPOINT, 0, 0, access.writes() ? 0 : Integer.toUnsignedLong(value));
      case Fault fault when fault.cause() == FaultCause.NON_CANONICAL ->
          new GuestReply(GENERAL_PROTECTION, 0, 0, 0);
      case Fault fault -> new GuestReply(PAGE_FAULT, error(fault, access, cpu), va, 0);
    };
  }

  private static int error(Fault fault, Access access, CpuState cpu) {
    boolean tellsFetches = cpu instanceof X86State state && state.tellsFetches();
    return (fault.cause() == FaultCause.NOT_PRESENT ? 0 : ERROR_P)
        | (access.writes() ? ERROR_WR : 0)
        | (access.user() ? ERROR_US : 0)
        | (fault.cause() == FaultCause.RESERVED_BIT ? ERROR_RSVD : 0)
        | (access.fetches() && tellsFetches ? ERROR_ID : 0);
  }

  @Override
  public Optional<String> oddReply(
      Probe probe, AccessResult result, CpuState cpu, int value, GuestReply found) {
    GuestReply expected = reply(result, probe.access(), cpu, probe.va(), value);
    GuestReply odd =
        new GuestReply(expected.vector(), expected.error() & ~ERROR_P, expected.address(), 0);
    boolean reserved = result instanceof Fault fault && fault.cause() == FaultCause.RESERVED_BIT;
    return reserved && found.equals(odd) ? Optional.of("x86-rsvd-without-p") : Optional.empty();
  }

  @Override
  public Optional<String> oddTranslation(Walk walk, OptionalLong found) {
    boolean reserved =
        walk.outcome() instanceof Outcome.Fault fault && fault.reason() == FaultReason.RESERVED_BIT;
    return reserved ? Optional.of("x86-monitor-ignores-reserved") : Optional.empty();
  }

  @Override
  public List<Protection> protections() {
    return List.of(
        Protection.PAGE_NONE,
        Protection.PAGE_READONLY,
        Protection.PAGE_READONLY_EXEC,
        Protection.PAGE_COPY,
        Protection.PAGE_SHARED,
        Protection.PAGE_SHARED_EXEC,
        Protection.PAGE_KERNEL,
        Protection.PAGE_KERNEL_RO,
        Protection.PAGE_KERNEL_ROX,
        Protection.PAGE_KERNEL_EXEC);
  }

  /** SDM 4.8 lets hardware mark an entry that it refuses then; QEMU does so with 1G leaves. */
  @Override
  public Optional<String> oddMark(long expected, long found, Level level) {
    if (mode == X86Mode.PAE && level == Level.PGD) {
      return (expected | X86State.A) == found ? Optional.of(PAE_ROOT_MARKED) : Optional.empty();
    }
    boolean large = level == Level.PUD && (found & PAGE_SIZE) != 0;
    return large && (expected | X86State.A) == found
        ? Optional.of("x86-1g-marked-on-fault")
        : Optional.empty();
  }

  @Override
  public Optional<String> oddStale(Probe probe, Level level, FlushScope scope) {
    return probe.access().fetches() && level != Level.PTE && scope == FlushScope.LEAF
        ? Optional.of("x86-invlpg-leaves-code")
        : Optional.empty();
  }

  @Override
  public Optional<String> tidy(PhysicalMemory memory, List<Long> roots) {
    Optional<String> met = Optional.empty();
    for (long entry = 0; mode == X86Mode.PAE && entry < 4; entry++) {
      MemorySegment bytes = memory.slice(roots.getFirst() + 8 * entry, 8);
      long raw = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      if ((raw & X86State.A) != 0 && entry != mode.guestRootEntry()) {
        bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, raw & ~X86State.A);
        met = Optional.of(PAE_ROOT_MARKED);
      }
    }
    return met;
  }

  @Override
  public Optional<String> oddListing(long expected, long found) {
    return switch (mode) {
      case TWO_LEVEL ->
          (expected & 0xffff_ffffL) == found
              ? Optional.of("x86-list-without-pse36")
              : Optional.empty();
      case PAE ->
          (expected | X86State.XD) == found
              ? Optional.of("x86-pae-list-shows-xd")
              : Optional.empty();
      case FOUR_LEVEL, LA57 ->
          (expected & LISTED_BITS) == found
              ? Optional.of("x86-list-has-50-bits")
              : Optional.empty();
    };
  }

  /** Nothing says whose a PAE table of 2M leaves is: the root has no rights. */
  @Override
  public List<TableOwner> owners() {
    return mode == X86Mode.PAE ? List.of(TableOwner.USER) : Guest.super.owners();
  }

  /** What user code has, the kernel has too; user code has nothing under the kernel's tables. */
  @Override
  public int rights(Protection protection, TableOwner tables) {
    if (protection.isNone()) {
      return 0;
    }
    boolean user = protection.owner() == TableOwner.USER;
    boolean write = protection.write() && (protection.shared() || !user);
    boolean exec = protection.exec() || !mode.hasNx();
    int kernel =
        Rights.KERNEL_READ | (write ? Rights.KERNEL_WRITE : 0) | (exec ? Rights.KERNEL_EXEC : 0);
    return user && tables == TableOwner.USER ? kernel | kernel << 3 : kernel;
  }

  /** {@code mov $number, %ebx; int3}. */
  @Override
  public byte[] code(int number) {
    return ByteBuffer.allocate(6)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) 0xbb)
        .putInt(number)
        .put((byte) 0xcc)
        .array();
  }

  @Override
  public String words(GuestReply reply) {
    return switch ((int) reply.vector()) {
      case BREAKPOINT -> "success (read 0x%x)".formatted(reply.value());
      case GENERAL_PROTECTION -> "#GP(%d)".formatted(reply.error());
      case PAGE_FAULT -> "#PF error %d at 0x%016x".formatted(reply.error(), reply.address());
      default -> "exception %d(%d)".formatted(reply.vector(), reply.error());
    };
  }
}

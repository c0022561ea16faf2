package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.Walk;
import org.mmport.pgtable.WalkStep;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * ppc64 with radix trees: a POWER9 as its hypervisor runs it. Sections are those of the Power ISA
 * 3.0B, Book III.
 *
 * @param pageShift log2 of the page's bytes: 12 or 16
 */
record Ppc64RadixGuest(String variant, int pageShift) implements Guest {
  /** The last entry of the user's root. */
  private static final long OWN_VA = 0x000f_ff80_0000_0000L;

  private static final int ROOT_ENTRIES = 1 << 13;
  private static final int LAST_LEVEL = 3;

  /** Section 5.7.10.2: valid, leaf; EAA privileged, read, read and write, execute. */
  private static final long VALID = 1L << 63;

  private static final long LEAF = 1L << 62;
  private static final long PRIVILEGED = 8;
  private static final long READ = 4;
  private static final long READ_WRITE = 2;
  private static final long EXECUTE = 1;
  private static final long USED = Ppc64RadixState.R | Ppc64RadixState.C;
  private static final long ATT = 3L << 4;
  private static final long NON_IDEMPOTENT = 2L << 4;
  private static final long RPN = (1L << 57) - (1L << 12);
  private static final long RPN_ABOVE_53_BITS = 15L << 53;
  private static final long NLS = 31;

  /** Effective addresses: the quadrant, and what must be 0 (5.7.1). */
  private static final long QUADRANT = 3L << 62;

  private static final long MUST_BE_0 = 0x3ff0_0000_0000_0000L;

  /** Sections 5.7.6.1, 5.7.6.2: RTS says 52 bits (less 31) in two pieces, RPDS a root of 13. */
  private static final long TREE = 2L << 61 | 5L << 5 | 13;

  private static final long HOST_RADIX = 1L << 63;
  private static final long PARTITION_TABLE = Ppc64Ram.ownTable(0);
  private static final long PROCESS_TABLE = Ppc64Ram.ownTable(1);
  private static final int ENTRY_BYTES = 16;
  private static final int PID = 1;

  /** A partition that is not there, for what quadrants 1 and 2 ask of it. */
  private static final int LPID = 2;

  /** UPRT, HR, and a decrementer that has time (LD): section 2.2. */
  private static final long LPCR = 1L << 22 | 1L << 20 | 1L << 17;

  /** Operands of tlbie, section 5.9.3.3: how much (IS), whose (RS), what (RIC). */
  private static final long ALL_OF_PID = 1L << 10;

  private static final long OF_USER = (long) PID << 32;
  private static final long OF_KERNEL = 0;
  private static final int TRANSLATIONS = 0;
  private static final int CACHED_TABLES = 1;
  private static final int BOTH = 2;

  /** {@code tlb_single_page_flush_ceiling} of Linux. */
  private static final long MOST_PAGES = 33;

  private static final String NO_MACHINE_CHECK = "ppc64-no-machine-check";

  private static final GuestReply ILLEGAL =
      new GuestReply(Ppc64Interrupt.EMULATION_ASSISTANCE, 0, 0, 0);

  /** A leaf's size, as tlbie names it (AP). */
  private record Size(int shift, int actual) {
    long operand(long va) {
      return (va & -1L << shift) | (long) actual << 5;
    }
  }

  private static final Size SIZE_2M = new Size(21, 1);
  private static final Size SIZE_1G = new Size(30, 2);

  @Override
  public QemuSpec spec() {
    return Ppc64Ram.spec("powernv9", "power9");
  }

  @Override
  public boolean isOwn(long va) {
    return va >>> 39 == OWN_VA >>> 39;
  }

  /** Half of them with nothing in the bits that must be 0. */
  @Override
  public long anyAddress(Random random) {
    return random.nextLong() & (random.nextBoolean() ? -1L : ~MUST_BE_0);
  }

  @Override
  public PhysRange tables() {
    return Ppc64Ram.tables();
  }

  @Override
  public PhysRange data() {
    return Ppc64Ram.data();
  }

  @Override
  public void look(QemuMachine machine, List<Long> roots) {
    CoProcessor coProcessor = boot(machine);
    nameRoots(machine.memory(), roots);
    CpuState open = new Ppc64RadixState(LPCR, false, false, false);
    coProcessor.run(List.of(use(roots), open.operation(), GuestOp.flushAll()));
    Ppc64Ram.look(machine);
  }

  @Override
  public CoProcessor boot(QemuMachine machine) {
    PhysicalMemory memory = machine.memory();
    buildPartition(memory);
    buildOwnTables(memory);
    return Ppc64Ram.boot(machine, spec(), OWN_VA);
  }

  /**
   * Partition 0, the hypervisor's own. Its tree translates nothing but where the process table lies
   * (section 5.7.6.1), here to the same address, by one leaf of 1 GiB.
   */
  private static void buildPartition(PhysicalMemory memory) {
    long root = Ppc64Ram.ownTable(2);
    long below = Ppc64Ram.ownTable(3);
    Ppc64Ram.store(memory, PARTITION_TABLE, HOST_RADIX | TREE | root);
    Ppc64Ram.store(memory, PARTITION_TABLE + 8, PROCESS_TABLE);
    memory.slice(PARTITION_TABLE + ENTRY_BYTES, LPID * ENTRY_BYTES).fill((byte) 0);
    Ppc64Ram.store(memory, root, table(below, 9));
    Ppc64Ram.store(memory, below, VALID | LEAF | USED | READ_WRITE);
  }

  /** The way to what users run, written without the port, which may be wrong. */
  private void buildOwnTables(PhysicalMemory memory) {
    int lastBits = pageShift == 12 ? 9 : 5;
    long index = (OWN_VA + Ppc64Ram.OWN_CODE & (1L << 21) - 1) >>> pageShift;
    long page = Ppc64Ram.OWN_CODE & -1L << pageShift;
    Ppc64Ram.store(memory, ownTable(1), table(ownTable(2), 9));
    Ppc64Ram.store(memory, ownTable(2), table(ownTable(LAST_LEVEL), lastBits));
    long leaf = VALID | LEAF | USED | EXECUTE | page;
    Ppc64Ram.store(memory, ownTable(LAST_LEVEL) + 8 * index, leaf);
  }

  private static long ownTable(int level) {
    return Ppc64Ram.ownTable(4 + level);
  }

  private static long table(long physAddr, int indexBits) {
    return VALID | physAddr | indexBits;
  }

  @Override
  public void hook(PhysicalMemory memory, List<Long> roots) {
    nameRoots(memory, roots);
    Ppc64Ram.store(memory, roots.getFirst() + 8L * (ROOT_ENTRIES - 1), table(ownTable(1), 9));
  }

  /** Process 0 is the kernel (quadrant 3); the user's is quadrant 0. */
  private static void nameRoots(PhysicalMemory memory, List<Long> roots) {
    long user = PROCESS_TABLE + PID * ENTRY_BYTES;
    Ppc64Ram.store(memory, PROCESS_TABLE, TREE | roots.getLast());
    Ppc64Ram.store(memory, PROCESS_TABLE + 8, 0);
    Ppc64Ram.store(memory, user, TREE | roots.getFirst());
    Ppc64Ram.store(memory, user + 8, 0);
  }

  @Override
  public GuestOp use(List<Long> roots) {
    return GuestOp.loadPartition(PARTITION_TABLE, PID, LPID);
  }

  /**
   * As Linux does it ({@code radix_tlb.c}): the kernel's as a whole; the user's page by page up to
   * a number, with the larger leaves that may be there.
   */
  @Override
  public List<GuestOp> flush(FlushRequest request, List<Long> roots) {
    if (request.firstVa() < 0) {
      return List.of(GuestOp.tlbie(ALL_OF_PID, OF_KERNEL, BOTH));
    }
    boolean tables = request.duty().scope() == FlushScope.WALK_CACHES;
    Size page = new Size(pageShift, pageShift == 12 ? 0 : 5);
    if (count(request, page) > MOST_PAGES) {
      return List.of(GuestOp.tlbie(ALL_OF_PID, OF_USER, tables ? BOTH : TRANSLATIONS));
    }
    List<GuestOp> operations = new ArrayList<>();
    for (Size size : List.of(page, SIZE_2M, SIZE_1G)) {
      for (long i = 0; i < count(request, size); i++) {
        long va = request.firstVa() + (i << size.shift());
        operations.add(GuestOp.tlbie(size.operand(va), OF_USER, TRANSLATIONS));
      }
    }
    if (tables) {
      operations.add(GuestOp.tlbie(ALL_OF_PID, OF_USER, CACHED_TABLES));
    }
    return operations;
  }

  private static long count(FlushRequest request, Size size) {
    return (request.lastVa() >>> size.shift()) - (request.firstVa() >>> size.shift()) + 1;
  }

  @Override
  public GuestOp forget(long va) {
    return GuestOp.flushAll();
  }

  @Override
  public List<CpuState> states() {
    List<CpuState> all = new ArrayList<>();
    for (int bits = 0; bits < 8; bits++) {
      all.add(new Ppc64RadixState(LPCR, (bits & 1) == 0, (bits & 2) == 0, (bits & 4) == 0));
    }
    return all;
  }

  @Override
  public GuestReply reply(AccessResult result, Access access, CpuState cpu, long va, int value) {
    return switch (result) {
      case Done done -> Ppc64Interrupt.success(access, value);
      case Fault fault ->
          switch (fault.cause()) {
            case NON_CANONICAL -> outside(access, va);
            case NOT_PRESENT -> notPresent(fault, access, va);
            case RESERVED_BIT -> reserved(fault, access, cpu, va);
            case PERMISSION, ACCESS_FLAG -> Ppc64Interrupt.protection(access, va);
          };
    };
  }

  /** Quadrants 1 and 2 are another partition's; here there is none. */
  private static GuestReply outside(Access access, long va) {
    return (va & MUST_BE_0) == 0 && (va & QUADRANT) != 0 && (va & QUADRANT) != QUADRANT
        ? Ppc64Interrupt.noPartition(access, va)
        : Ppc64Interrupt.segment(access, va);
  }

  /** Valid for hardware may be what permits nothing, and what leads on below the last level. */
  private static GuestReply notPresent(Fault fault, Access access, long va) {
    if ((fault.raw() & VALID) == 0) {
      return Ppc64Interrupt.storage(access, va, Ppc64Interrupt.NO_TRANSLATION);
    }
    return (fault.raw() & LEAF) != 0
        ? Ppc64Interrupt.protection(access, va)
        : Ppc64Interrupt.storage(access, va, Ppc64Interrupt.UNSUPPORTED);
  }

  /** Trees of another shape are not supported (5.7.10.1); other addresses are of no memory. */
  private GuestReply reserved(Fault fault, Access access, CpuState cpu, long va) {
    boolean leaf = (fault.raw() & LEAF) != 0;
    if (!leaf && (fault.raw() & NLS) != indexBits(fault.level())) {
      return Ppc64Interrupt.storage(access, va, Ppc64Interrupt.UNSUPPORTED);
    }
    boolean permitted = !leaf || (cpu.rights(rights(fault.raw())) & access.right()) != 0;
    return permitted ? Ppc64Interrupt.machineCheck() : Ppc64Interrupt.protection(access, va);
  }

  /** EAA; nothing is run from non-idempotent I/O (5.7.10.2 and "Guarded Storage"). */
  private static int rights(long raw) {
    boolean guarded = (raw & ATT) == NON_IDEMPOTENT;
    int rights =
        ((raw & (READ | READ_WRITE)) != 0 ? Rights.READ : 0)
            | ((raw & READ_WRITE) != 0 ? Rights.WRITE : 0)
            | ((raw & EXECUTE) != 0 && !guarded ? Rights.EXEC : 0);
    return (raw & PRIVILEGED) == 0 ? rights : rights & ~Rights.USER;
  }

  /**
   * QEMU takes no machine check for what is not there: tables are empty, data 0, code illegal. And
   * it looks whether a page is guarded when it first fetches from it, but not if it has read it.
   */
  @Override
  public Optional<String> oddReply(
      Probe probe, AccessResult result, CpuState cpu, int value, GuestReply found) {
    Access access = probe.access();
    if (access.fetches() && isRefusedAsGuarded(result, access, cpu)) {
      boolean there = (result.raw() & RPN_ABOVE_53_BITS) == 0;
      boolean ran = found.equals(there ? Ppc64Interrupt.success(access, value) : ILLEGAL);
      return ran ? Optional.of("ppc64-guarded-runs-once-read") : Optional.empty();
    }
    GuestReply manual = reply(result, access, cpu, probe.va(), value);
    if (manual.vector() != Ppc64Interrupt.MACHINE_CHECK) {
      return Optional.empty();
    }
    GuestReply odd =
        (result.raw() & LEAF) == 0
            ? Ppc64Interrupt.storage(access, probe.va(), Ppc64Interrupt.NO_TRANSLATION)
            : access.fetches() ? ILLEGAL : Ppc64Interrupt.success(access, 0);
    return found.equals(odd) ? Optional.of(NO_MACHINE_CHECK) : Optional.empty();
  }

  private static boolean isRefusedAsGuarded(AccessResult result, Access access, CpuState cpu) {
    long idempotent = result.raw() & ~ATT;
    return result instanceof Fault fault
        && fault.cause() != FaultCause.NOT_PRESENT
        && (result.raw() & (LEAF | ATT)) == (LEAF | NON_IDEMPOTENT)
        && (cpu.rights(rights(idempotent)) & access.right()) != 0;
  }

  /** R and C of leaves by which nothing can be reached. */
  @Override
  public Optional<String> oddMark(long expected, long found, Level level) {
    boolean marks = ((expected ^ found) & ~USED) == 0 && (expected & ~found) == 0;
    return marks && (expected & RPN_ABOVE_53_BITS) != 0
        ? Optional.of(NO_MACHINE_CHECK)
        : Optional.empty();
  }

  @Override
  public Optional<String> oddTranslation(Walk walk, OptionalLong found) {
    if (walk.steps().isEmpty() || (walk.steps().getLast().raw() & LEAF) == 0) {
      return Optional.empty();
    }
    WalkStep last = walk.steps().getLast();
    long offset = (1L << shift(last.level())) - 1;
    long physAddr = (last.raw() & RPN & ~offset) | (walk.va() & offset);
    if ((last.raw() & RPN_ABOVE_53_BITS) != 0 && found.equals(OptionalLong.of(physAddr))) {
      return Optional.of("ppc64-address-has-57-bits");
    }
    boolean useless = (rights(last.raw()) & (Rights.READ | Rights.EXEC)) == 0;
    return useless && found.isEmpty()
        ? Optional.of("ppc64-monitor-asks-for-rights")
        : Optional.empty();
  }

  /** log2 of what a leaf of a level maps. */
  private int shift(Level level) {
    return switch (level) {
      case PTE -> pageShift;
      case PMD -> 21;
      default -> 30;
    };
  }

  /** QEMU's jump cache forgets code by addresses of 4 KiB. */
  @Override
  public Optional<String> oddStale(Probe probe, Level level, FlushScope scope) {
    boolean large = pageShift > 12 || (level != Level.PTE && scope == FlushScope.LEAF);
    return large && probe.access().fetches()
        ? Optional.of("ppc64-tlbie-leaves-code")
        : Optional.empty();
  }

  /** Of the table that entries of a level lead to. */
  private int indexBits(Level level) {
    return level == Level.PMD && pageShift == 16 ? 5 : 9;
  }

  /**
   * That tables have 5 or 9 bits is their own word, and so a change from one to the other at the
   * level above the last is a tree of another kind, no error. And leaves of 512 GiB are none that a
   * POWER9 has, but QEMU has them.
   */
  @Override
  public long fixedTableBits(Level level) {
    return switch (level) {
      case PGD -> LEAF;
      case PMD -> 8;
      default -> 0;
    };
  }

  @Override
  public FaultCause ofNone() {
    return FaultCause.PERMISSION;
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
        Protection.user("--x", false),
        Protection.PAGE_KERNEL,
        Protection.PAGE_KERNEL_RO,
        Protection.PAGE_KERNEL_ROX,
        Protection.PAGE_KERNEL_EXEC);
  }

  /** What a user's page permits it permits the kernel too, but for AMR and IAMR. */
  @Override
  public int rights(Protection protection, TableOwner tables) {
    boolean user = protection.owner() == TableOwner.USER;
    boolean write = protection.write() && (protection.shared() || !user);
    int rights =
        (protection.read() || protection.write() ? Rights.READ : 0)
            | (write ? Rights.WRITE : 0)
            | (protection.exec() ? Rights.EXEC : 0);
    return user ? rights : rights & ~Rights.USER;
  }

  @Override
  public byte[] code(int number) {
    return Ppc64Ram.code(number);
  }

  @Override
  public String words(GuestReply reply) {
    return Ppc64Interrupt.words(reply);
  }
}

package org.mmport.conformance.qemu;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.FlushRequest;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * arm64 with tables of EL1 and EL0; the guest is {@code arm64.S}, at EL2. Sections are those of the
 * Arm ARM, DDI 0487.
 */
record Arm64Guest(Arm64Regime regime) implements Guest {
  private static final long RAM = 0x4000_0000L;

  /** What EL1 and EL0 run lies at the image's second page, and on a boundary of 64 KiB. */
  private static final long OWN_PAGE = RAM + 0x21_0000L;

  private static final long IMAGE = OWN_PAGE - 0x1000;
  private static final long OWN_TABLES = RAM + 0x22_0000L;
  private static final long MAILBOX = RAM + 0x30_0000L;
  private static final long OWN_VA = -0x1_0000L;

  private static final long TABLE = 3;

  /** A page, used already, that both may read and run and none may write. */
  private static final long PAGE = 3 | 1L << 6 | Arm64State.AP_RDONLY | Arm64State.AF;

  /** SPSR: interrupts masked, at EL1 and EL2. */
  private static final long AT_EL1 = 0x3c5;

  private static final long AT_EL2 = 0x3c9;

  private static final String CLEAN_RUNS = "arm64-clean-runs";

  /** Exception classes, D17.2.37 "ESR_EL1". */
  private static final int SVC = 0x15;

  private static final int INSTRUCTION_ABORT = 0x20;
  private static final int DATA_ABORT = 0x24;
  private static final int SAME_LEVEL = 1;

  /** Of their syndrome. */
  private static final int WRITE_NOT_READ = 1 << 6;

  private static final int STATUS = 0x3f;
  private static final int TRANSLATION = 0x04;
  private static final int ACCESS_FLAG = 0x08;
  private static final int PERMISSION = 0x0c;
  private static final int TRANSLATION_AT_MINUS_1 = 0x2b;

  @Override
  public String variant() {
    return regime.variant();
  }

  @Override
  public QemuSpec spec() {
    return new QemuSpec(
        "qemu-system-aarch64",
        "virt,virtualization=on,gic-version=3",
        "max",
        RAM,
        2L << 30,
        ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public boolean isOwn(long va) {
    return Long.compareUnsigned(va, -1L << regime.shift(regime.rootLevel())) >= 0;
  }

  @Override
  public long anyAddress(Random random) {
    return random.nextLong();
  }

  @Override
  public PhysRange tables() {
    return new PhysRange(RAM + (16L << 20), RAM + (256L << 20));
  }

  @Override
  public PhysRange data() {
    return new PhysRange(RAM + (256L << 20), RAM + (2L << 30));
  }

  /** Only the guest can load these registers; then the CPU need only be at EL1. */
  @Override
  public void look(QemuMachine machine, List<Long> roots) {
    boot(machine)
        .run(List.of(use(roots), Arm64State.usual(regime).operation(), GuestOp.flushAll()));
    machine.stop();
    machine.setRegister("cpsr", AT_EL1);
  }

  @Override
  public CoProcessor boot(QemuMachine machine) {
    PhysicalMemory memory = machine.memory();
    machine.load("arm64.bin", IMAGE);
    buildOwnTables(memory);
    memory.slice(MAILBOX, Long.BYTES).fill((byte) 0);
    machine.setRegister("cpsr", AT_EL2);
    machine.setRegister("pc", IMAGE);
    machine.run();
    return new CoProcessor(machine, spec(), MAILBOX, "pc");
  }

  /** One table of each level below the root, written without the port, which may be wrong. */
  private void buildOwnTables(PhysicalMemory memory) {
    for (int level = regime.rootLevel() + 1; level <= 3; level++) {
      long raw = level == 3 ? OWN_PAGE | PAGE : ownTable(level + 1) | TABLE;
      store(memory, ownTable(level), regime.index(level, OWN_VA), raw);
    }
  }

  private static long ownTable(int level) {
    return OWN_TABLES + level * 0x1_0000L;
  }

  private static void store(PhysicalMemory memory, long table, int index, long raw) {
    memory.slice(table + 8L * index, Long.BYTES).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, raw);
  }

  @Override
  public void hook(PhysicalMemory memory, List<Long> roots) {
    int level = regime.rootLevel();
    store(memory, roots.get(1), regime.index(level, OWN_VA), ownTable(level + 1) | TABLE);
  }

  @Override
  public GuestOp use(List<Long> roots) {
    return GuestOp.loadRoots(roots.get(0), roots.get(1));
  }

  /** As Linux does it: page by page below a table's worth (MAX_DVM_OPS), then the whole space. */
  @Override
  public List<GuestOp> flush(FlushRequest request, List<Long> roots) {
    int shift = regime.pageShift();
    long pages = ((request.lastVa() - request.firstVa()) >>> shift) + 1;
    if (pages >= 1L << (shift - 3)) {
      return List.of(request.global() ? GuestOp.flushAll() : GuestOp.flushSpace());
    }
    boolean tables = request.duty().scope() == FlushScope.WALK_CACHES;
    List<GuestOp> operations = new ArrayList<>();
    for (long page = 0; page < pages; page++) {
      long va = request.firstVa() + (page << shift);
      operations.add(tables ? GuestOp.invalidate(va) : GuestOp.invalidateLeaf(va));
    }
    return operations;
  }

  @Override
  public List<CpuState> states() {
    List<CpuState> all = new ArrayList<>();
    for (int marks = 0; marks < (regime.hasHafdbs() ? 4 : 1); marks++) {
      boolean ha = regime.hasHafdbs() && (marks & 1) == 0;
      boolean hd = regime.hasHafdbs() && (marks & 2) == 0;
      for (int bits = 0; bits < 8; bits++) {
        boolean pan = (bits & 1) == 0;
        all.add(new Arm64State(regime, ha, hd, pan, (bits & 2) != 0, (bits & 4) != 0));
      }
    }
    return all;
  }

  @Override
  public GuestReply reply(AccessResult result, Access access, CpuState cpu, long va, int value) {
    return switch (result) {
      case Done done -> success(access, value);
      case Fault fault -> {
        int vector = access.fetches() ? INSTRUCTION_ABORT : DATA_ABORT;
        int error = status(fault) | (access.writes() ? WRITE_NOT_READ : 0);
        yield new GuestReply(access.user() ? vector : vector | SAME_LEVEL, error, va, 0);
      }
    };
  }

  private static GuestReply success(Access access, int value) {
    return new GuestReply(SVC, 0, 0, access.writes() ? 0 : Integer.toUnsignedLong(value));
  }

  /** D17.2.37, DFSC and IFSC. An entry of a reserved type is an invalid one (D8.3.1). */
  private int status(Fault fault) {
    int level = regime.levelOf(fault.level());
    return switch (fault.cause()) {
      case NON_CANONICAL -> TRANSLATION;
      case NOT_PRESENT, RESERVED_BIT -> level < 0 ? TRANSLATION_AT_MINUS_1 : TRANSLATION | level;
      case ACCESS_FLAG -> ACCESS_FLAG | level;
      case PERMISSION -> PERMISSION | level;
    };
  }

  /**
   * A clean page that hardware would make dirty is writable, and so may be none to run from
   * (AArch64.S1ApplyOutputPerms). QEMU takes it for writable only while it is written, and keeps
   * code that it has run while the page was clean.
   */
  @Override
  public Optional<String> oddReply(
      Probe probe, AccessResult result, CpuState cpu, int value, GuestReply found) {
    boolean refused = result instanceof Fault fault && fault.cause() == FaultCause.PERMISSION;
    boolean clean = cpu instanceof Arm64State state && state.keepsDirty(result.raw());
    boolean ran = found.equals(success(probe.access(), value));
    return refused && clean && ran && probe.access().fetches()
        ? Optional.of(CLEAN_RUNS)
        : Optional.empty();
  }

  /** The access flag of what ought not to have run. */
  @Override
  public Optional<String> oddMark(long expected, long found, Level level) {
    boolean ran = (expected | Arm64State.AF) == found && (found & Arm64State.DBM) != 0;
    return ran ? Optional.of(CLEAN_RUNS) : Optional.empty();
  }

  /** QEMU's jump cache forgets code by addresses of 4 KiB, whatever the granule. */
  @Override
  public Optional<String> oddStale(Probe probe, Level level, FlushScope scope) {
    boolean large = regime.pageShift() > 12 || (level != Level.PTE && scope == FlushScope.LEAF);
    return large && probe.access().fetches()
        ? Optional.of("arm64-tlbi-leaves-code")
        : Optional.empty();
  }

  @Override
  public GuestReply withoutLevel(GuestReply reply) {
    long status = reply.error() & STATUS;
    if (reply.vector() == SVC) {
      return reply;
    }
    long cause = status == TRANSLATION_AT_MINUS_1 ? TRANSLATION : status & ~3;
    return new GuestReply(
        reply.vector(), (reply.error() & ~STATUS) | cause, reply.address(), reply.value());
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

  /** Linux makes user pages clean, and what the kernel may write dirty from the beginning. */
  @Override
  public boolean isBornDirty(Protection protection) {
    return protection.owner() == TableOwner.KERNEL && protection.write();
  }

  @Override
  public boolean refusesFirstWrite() {
    return !regime.hasHafdbs();
  }

  /**
   * Linux lets nobody run what is the other's, nor under the other's tables (PXNTable, UXNTable).
   */
  @Override
  public int rights(Protection protection, TableOwner tables) {
    if (protection.isNone()) {
      return 0;
    }
    boolean user = protection.owner() == TableOwner.USER;
    boolean write = protection.write() && (protection.shared() || !user);
    int data = (Rights.READ | (write ? Rights.WRITE : 0)) & (user ? Rights.ALL : ~Rights.USER);
    int exec = user ? Rights.USER_EXEC : Rights.KERNEL_EXEC;
    return data | (protection.exec() && protection.owner() == tables ? exec : 0);
  }

  /** {@code movz w1, #low; movk w1, #high, lsl #16; svc #0}. */
  @Override
  public byte[] code(int number) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0x5280_0001 | (number & 0xffff) << 5)
        .putInt(0x72a0_0001 | (number >>> 16) << 5)
        .putInt(0xd400_0001)
        .array();
  }

  @Override
  public String words(GuestReply reply) {
    return switch ((int) reply.vector()) {
      case SVC -> "success (read 0x%x)".formatted(reply.value());
      case INSTRUCTION_ABORT, DATA_ABORT, INSTRUCTION_ABORT | SAME_LEVEL, DATA_ABORT | SAME_LEVEL ->
          "abort of class 0x%x, syndrome 0x%x, at 0x%016x"
              .formatted(reply.vector(), reply.error(), reply.address());
      default -> "exception of class 0x%x, syndrome 0x%x".formatted(reply.vector(), reply.error());
    };
  }
}

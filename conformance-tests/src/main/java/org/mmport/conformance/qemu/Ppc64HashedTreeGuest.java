package org.mmport.conformance.qemu;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.FlushRequest;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** ppc64 with a hash table, as it looks above a kernel that fills that from trees. */
record Ppc64HashedTreeGuest(MmuVariant kind, Ppc64HashGuest hardware) implements Guest {
  /** No key is forbidden anything. */
  private record State(GuestOp operation) implements CpuState {
    @Override
    public String words() {
      return "through the hash table";
    }

    @Override
    public int rights(int rights) {
      return rights;
    }

    @Override
    public Optional<FaultCause> refuses(long raw, Level level) {
      return Optional.empty();
    }

    @Override
    public long used(long raw, Level level) {
      return raw;
    }

    @Override
    public long written(long raw, Level level) {
      return raw;
    }
  }

  @Override
  public String variant() {
    return kind.id();
  }

  @Override
  public QemuSpec spec() {
    return hardware.cpu().spec();
  }

  @Override
  public boolean isOwn(long va) {
    return hardware.isOwn(va);
  }

  @Override
  public long anyAddress(Random random) {
    return random.nextLong();
  }

  @Override
  public PhysRange tables() {
    return new PhysRange(32L << 20, Ppc64Ram.tables().end());
  }

  @Override
  public PhysRange data() {
    return Ppc64Ram.data();
  }

  @Override
  public void look(QemuMachine machine, List<Long> roots) {
    throw new IllegalStateException("the monitor sees the hash table, not trees");
  }

  @Override
  public HashKernel boot(QemuMachine machine) {
    hardware.boot(machine);
    return new HashKernel(machine, kind, hardware);
  }

  @Override
  public void hook(PhysicalMemory memory, List<Long> roots) {
    // The guest's page is in the hash table and in no tree.
  }

  @Override
  public GuestOp use(List<Long> roots) {
    return GuestOp.loadRoots(roots.getFirst(), roots.getLast());
  }

  @Override
  public List<GuestOp> flush(FlushRequest request, List<Long> roots) {
    return List.of(GuestOp.drop(request.firstVa(), request.lastVa()));
  }

  @Override
  public GuestOp forget(long va) {
    return GuestOp.flushAll();
  }

  @Override
  public List<CpuState> states() {
    return List.of(new State(hardware.controls(Ppc64Keys.OPEN)));
  }

  @Override
  public GuestReply reply(AccessResult result, Access access, CpuState cpu, long va, int value) {
    return switch (result) {
      case Done done -> Ppc64Interrupt.success(access, value);
      case Fault fault -> Ppc64Interrupt.storage(access, va, 0);
    };
  }

  /** Whether Ks and Kp make of a page what they are for: each side has its own segments. */
  @Override
  public boolean fits(Protection protection, long va) {
    boolean kernel = protection.owner() == TableOwner.KERNEL && !protection.isNone();
    return kernel == va < 0;
  }

  /** Neither do kernel pages tell of writes: PP lets them through, dirty or not. */
  @Override
  public boolean tracksWrites(long va) {
    return va >= 0;
  }

  @Override
  public int machines() {
    return Ppc64HashCpu.values().length;
  }

  @Override
  public boolean hasHugeLeaves() {
    return false;
  }

  /** In 2006 PP kept the kernel from nothing, so that what it may not write was its own promise. */
  @Override
  public List<Protection> protections() {
    return variant().endsWith("-2006")
        ? List.of(
            Protection.PAGE_NONE,
            Protection.PAGE_READONLY,
            Protection.PAGE_READONLY_EXEC,
            Protection.PAGE_COPY,
            Protection.PAGE_SHARED,
            Protection.PAGE_SHARED_EXEC,
            Protection.PAGE_KERNEL,
            Protection.PAGE_KERNEL_EXEC)
        : List.of(
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

  /** With Ks as Kp, as the user's segments have them, the kernel may do what the user may. */
  @Override
  public int rights(Protection protection, TableOwner tables) {
    boolean user = protection.owner() == TableOwner.USER;
    boolean write = protection.write() && (protection.shared() || !user);
    int rights =
        (protection.isNone() ? 0 : Rights.READ)
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

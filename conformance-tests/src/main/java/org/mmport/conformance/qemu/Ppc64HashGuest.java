package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashWalk;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Rights;

/**
 * ppc64 with a hash table, below what an operating system makes of it: segments, entries and
 * interrupts as the Power ISA 3.0B, Book III, has them in sections 5.7.8, 5.7.9 and 6.5.
 */
record Ppc64HashGuest(Ppc64HashCpu cpu) {
  /** 2^12 groups. */
  static final PhysRange TABLE = new PhysRange(16L << 20, (16L << 20) + (1L << 19));

  private static final long GROUPS = (TABLE.end() - TABLE.first()) >> 7;
  private static final int GROUP_ENTRIES = 8;
  private static final int ENTRY_BYTES = 16;

  /** SLB entries of the CPU; the first is the guest's own. */
  static final int SLOTS = 32;

  /** Outside all regions. */
  private static final long OWN_VA = 0x2000_0000_0000_0000L;

  private static final long OWN_VSID = 0x55_5555_5555L;
  private static final int SHIFT_256M = 28;

  static final long VALID = 1;
  static final long R = 1L << 8;
  static final long C = 1L << 7;
  private static final long R_C_PP = R | C | 3;
  static final long G = 1L << 3;
  static final long N = 1L << 2;

  /** PP and key of a page that anybody may read and run while key 31 forbids nothing. */
  private static final long READ_ONLY = 3;

  private static final long KEY_31 = 3L << 60 | 0xe00;

  /** SLB, section 5.9.3.2: ESID word and VSID word. */
  private static final long SLB_VALID = 1L << 27;

  private static final long SLB_N = 1L << 9;
  private static final long SLB_L = 1L << 8;
  private static final long SLB_1T = 1L << 62;

  boolean isOwn(long va) {
    return va >>> SHIFT_256M == OWN_VA >>> SHIFT_256M;
  }

  /** Empties the hash table and starts the guest, which then uses it. */
  CoProcessor boot(QemuMachine machine) {
    CoProcessor coProcessor = Ppc64Ram.boot(machine, cpu.spec(), OWN_VA);
    empty(machine.memory());
    List<GuestOp> operations = new ArrayList<>();
    operations.add(controls(Ppc64Keys.OPEN));
    operations.add(cpu.use(machine.memory(), TABLE));
    for (int slot = 0; slot < SLOTS; slot++) {
      operations.add(GuestOp.loadSegment(slot, 0));
    }
    HashSegment own = new HashSegment(OWN_VA, SHIFT_256M, OWN_VSID, 12, 0);
    operations.add(load(0, own));
    operations.add(GuestOp.flushAll());
    coProcessor.run(operations);
    return coProcessor;
  }

  /** Empties the hash table but for the one page that the guest needs. */
  void empty(PhysicalMemory memory) {
    memory.slice(TABLE.first(), TABLE.end() - TABLE.first()).fill((byte) 0);
    // The number of the virtual page without what is in its low 23 bits.
    long tag = OWN_VSID << (SHIFT_256M - 23 + 7) | VALID;
    long data = Ppc64Ram.OWN_CODE | R | C | KEY_31 | READ_ONLY;
    cpu.store(memory, entryAddr(ownGroup() * GROUP_ENTRIES), tag, 0, data);
  }

  /** Fills most of an empty table with entries of segments that nobody has, so that groups fill. */
  void crowd(PhysicalMemory memory, Random random) {
    long own = ownGroup() * GROUP_ENTRIES;
    for (long index = 0; index < GROUPS * GROUP_ENTRIES; index++) {
      boolean free = random.nextInt(8) == 0 || (index >= own && index < own + GROUP_ENTRIES);
      if (!free) {
        Ppc64Ram.store(memory, entryAddr(index) + 8, random.nextLong() & R_C_PP);
        Ppc64Ram.store(memory, entryAddr(index), foreignTag(random));
      }
    }
  }

  /** A valid entry's first word, of a segment whose number is larger than any that is used. */
  static long foreignTag(Random random) {
    return 1L << 54 | (random.nextLong() & (1L << 40) - 1) << 7 | VALID;
  }

  private static long ownGroup() {
    return (OWN_VSID ^ Ppc64Ram.OWN_CODE >>> 12) & (GROUPS - 1);
  }

  GuestOp controls(Ppc64Keys keys) {
    return GuestOp.controls(cpu.lpcr(), keys.amr(), keys.iamr());
  }

  /** The operation that puts a segment into a slot of the SLB. */
  GuestOp load(int slot, HashSegment segment) {
    boolean large = segment.shift() != SHIFT_256M;
    long pages =
        switch (segment.pageShift()) {
          case 12 -> 0;
          case 16 -> SLB_L | 1 << 4;
          case 24 -> SLB_L;
          default -> SLB_L | 2 << 4;
        };
    long vsid = (large ? SLB_1T : 0) | segment.vsid() << (large ? 24 : 12);
    return GuestOp.loadSegment(
        segment.firstVa() | SLB_VALID | slot, vsid | segment.flags() | pages);
  }

  /** The operation that empties a slot. */
  GuestOp unload(int slot) {
    return GuestOp.loadSegment(slot, 0);
  }

  /** tlbie of an address: section 5.9.3.3, operands where the page is found by hashing. */
  GuestOp invalidate(HashSegment segment, long va) {
    boolean large = segment.shift() != SHIFT_256M;
    long virtual = segment.vsid() << segment.shift() | segment.offset(va);
    long page = virtual & -1L << segment.pageShift() & -1L >>> 14;
    long sizes =
        switch (segment.pageShift()) {
          case 12 -> 0;
          case 16 -> 1 << 12 | 1;
          default -> 1;
        };
    return GuestOp.invalidateHashed(page | (large ? 1 << 8 : 0) | sizes);
  }

  /** Where an entry lies. */
  static long entryAddr(long index) {
    return TABLE.first() + index * ENTRY_BYTES;
  }

  static long entries() {
    return GROUPS * GROUP_ENTRIES;
  }

  /** Whether an access succeeds by what a look into the table says. */
  static boolean permits(HashWalk walk, Access access, Ppc64Keys keys) {
    return walk instanceof HashWalk.Mapped mapped
        && (mapped.rights() & access.right()) != 0
        && !keys.deny(mapped.slot().entry().data(), access);
  }

  /** The reply to an access, given what a look into the table says. */
  static GuestReply reply(HashWalk walk, Access access, Ppc64Keys keys, int value) {
    long va = walk.va();
    if (permits(walk, access, keys)) {
      return Ppc64Interrupt.success(access, value);
    }
    return switch (walk) {
      case HashWalk.NoSegment none -> Ppc64Interrupt.segment(access, va);
      case HashWalk.NotHashed none ->
          Ppc64Interrupt.storage(
              access,
              va,
              runsNothing(none.segment(), access)
                  ? Ppc64Interrupt.NO_EXECUTE
                  : Ppc64Interrupt.NO_TRANSLATION);
      case HashWalk.Mapped mapped -> Ppc64Interrupt.storage(access, va, why(mapped, access, keys));
    };
  }

  private static long why(HashWalk.Mapped mapped, Access access, Ppc64Keys keys) {
    long data = mapped.slot().entry().data();
    if (runsNothing(mapped.segment(), access)) {
      return Ppc64Interrupt.NO_EXECUTE;
    }
    boolean guarded = access.fetches() && (data & (N | G)) != 0;
    boolean refused = (mapped.rights() & access.right()) == 0;
    long page = guarded ? Ppc64Interrupt.NO_EXECUTE : refused ? Ppc64Interrupt.PROTECTION : 0;
    return page | (keys.deny(data, access) ? Ppc64Interrupt.KEY : 0);
  }

  /** Whether a fetch would succeed if nothing but its segment forbade it. */
  static boolean permitsBut(HashWalk.Mapped mapped, Access access, Ppc64Keys keys) {
    long data = mapped.slot().entry().data();
    int read = access.user() ? Rights.USER_READ : Rights.KERNEL_READ;
    return runsNothing(mapped.segment(), access)
        && (data & (N | G)) == 0
        && (mapped.rights() & read) != 0
        && !keys.deny(data, access);
  }

  private static boolean runsNothing(HashSegment segment, Access access) {
    return access.fetches() && (segment.flags() & SLB_N) != 0;
  }
}

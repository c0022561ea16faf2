package org.mmport.conformance.qemu;

/**
 * How accesses end on ppc64: interrupt vectors, and what DSISR or SRR1 says; Power ISA 3.0B Book
 * III, sections 6.5.3 "Data Storage Interrupt" to 6.5.6 "Instruction Segment Interrupt".
 */
final class Ppc64Interrupt {
  static final int MACHINE_CHECK = 0x200;
  static final int DATA_STORAGE = 0x300;
  static final int DATA_SEGMENT = 0x380;
  static final int INSTRUCTION_STORAGE = 0x400;
  static final int INSTRUCTION_SEGMENT = 0x480;
  static final int EMULATION_ASSISTANCE = 0xe40;
  static final int SYSTEM_CALL = 0xc00;
  static final int HYPERVISOR_DATA_STORAGE = 0xe00;
  static final int HYPERVISOR_INSTRUCTION_STORAGE = 0xe20;

  /** Bit 33: no translation. */
  static final long NO_TRANSLATION = 1L << 30;

  /** Bit 35, of a fetch: no-execute or guarded, and whatever else forbids to execute. */
  static final long NO_EXECUTE = 1L << 28;

  /** Bit 36, of data: not permitted. */
  static final long PROTECTION = 1L << 27;

  /** Bit 38: a store. */
  static final long STORE = 1L << 25;

  /** Bit 42: not permitted by a virtual page class key. */
  static final long KEY = 1L << 21;

  /** Bit 44: tables that this MMU does not support. */
  static final long UNSUPPORTED = 1L << 19;

  private Ppc64Interrupt() {}

  /** The reply to an access that succeeds. */
  static GuestReply success(Access access, int value) {
    return new GuestReply(SYSTEM_CALL, 0, 0, access.writes() ? 0 : Integer.toUnsignedLong(value));
  }

  /** A storage interrupt. */
  static GuestReply storage(Access access, long va, long cause) {
    return access.fetches()
        ? new GuestReply(INSTRUCTION_STORAGE, cause, va, 0)
        : new GuestReply(DATA_STORAGE, cause | (access.writes() ? STORE : 0), va, 0);
  }

  /** A storage interrupt because rights are missing. */
  static GuestReply protection(Access access, long va) {
    return storage(access, va, access.fetches() ? NO_EXECUTE : PROTECTION);
  }

  /** What quadrants 1 and 2 bring where no partition is: the hypervisor's kind of interrupt. */
  static GuestReply noPartition(Access access, long va) {
    return access.fetches()
        ? new GuestReply(HYPERVISOR_INSTRUCTION_STORAGE, UNSUPPORTED, va, 0)
        : new GuestReply(
            HYPERVISOR_DATA_STORAGE, UNSUPPORTED | (access.writes() ? STORE : 0), va, 0);
  }

  static GuestReply segment(Access access, long va) {
    return new GuestReply(access.fetches() ? INSTRUCTION_SEGMENT : DATA_SEGMENT, 0, va, 0);
  }

  static boolean isSegment(GuestReply reply) {
    return reply.vector() == DATA_SEGMENT || reply.vector() == INSTRUCTION_SEGMENT;
  }

  static boolean isStorage(GuestReply reply) {
    return reply.vector() == DATA_STORAGE || reply.vector() == INSTRUCTION_STORAGE;
  }

  static GuestReply machineCheck() {
    return new GuestReply(MACHINE_CHECK, 0, 0, 0);
  }

  static String words(GuestReply reply) {
    return switch ((int) reply.vector()) {
      case SYSTEM_CALL -> "success (read 0x%x)".formatted(reply.value());
      case MACHINE_CHECK, EMULATION_ASSISTANCE -> "interrupt 0x%x".formatted(reply.vector());
      default ->
          "interrupt 0x%x, cause 0x%x, at 0x%016x"
              .formatted(reply.vector(), reply.error(), reply.address());
    };
  }
}

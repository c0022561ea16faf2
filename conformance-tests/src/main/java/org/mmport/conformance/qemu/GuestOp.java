package org.mmport.conformance.qemu;

/**
 * One operation of a guest: a code and three words, as they lie in its mailbox. All guests know the
 * same codes.
 */
record GuestOp(int code, long first, long second, long third) {
  private static final int INVALIDATE = 6;
  private static final int LOAD_ROOT = 7;
  private static final int CONTROLS = 8;
  private static final int FLUSH_ALL = 9;

  static final int BYTES = 32;

  /** Reads, writes (a value of 4 bytes) or runs what is at an address. */
  static GuestOp access(Access access, long va, int value, CpuState cpu) {
    return new GuestOp(access.ordinal(), va, Integer.toUnsignedLong(value), cpu.accessFlags());
  }

  /** Invalidates what is cached of one address. */
  static GuestOp invalidate(long va) {
    return new GuestOp(INVALIDATE, va, 0, 0);
  }

  /** Loads the root register, with what the architecture invalidates by that. */
  static GuestOp loadRoot(long value) {
    return new GuestOp(LOAD_ROOT, value, 0, 0);
  }

  /** Loads control registers, whose number and order are the guest's own, and flushes all. */
  static GuestOp controls(long first, long second, long third) {
    return new GuestOp(CONTROLS, first, second, third);
  }

  /** Invalidates everything that is cached, global translations too. */
  static GuestOp flushAll() {
    return new GuestOp(FLUSH_ALL, 0, 0, 0);
  }
}

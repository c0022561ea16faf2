package org.mmport.conformance.qemu;

import java.util.Optional;

/**
 * One operation of a guest: a code and three words, as they lie in its mailbox. The codes are the
 * same in all guests; each does those that its architecture has.
 */
record GuestOp(int code, long first, long second, long third) {
  private static final int INVALIDATE = 6;
  private static final int LOAD_ROOT = 7;
  private static final int CONTROLS = 8;
  private static final int FLUSH_ALL = 9;
  private static final int FLUSH_SPACE = 10;
  private static final int LOAD_HASH_TABLE = 11;
  private static final int LOAD_SEGMENT = 12;
  private static final int INVALIDATE_HASHED = 13;
  private static final int DROP = 14;

  static final int BYTES = 32;

  /** Reads, writes (a value of 4 bytes) or runs what is at an address. */
  static GuestOp access(Access access, long va, int value, CpuState cpu) {
    return access(access, va, value, cpu.accessFlags());
  }

  static GuestOp access(Access access, long va, int value, long flags) {
    return new GuestOp(access.ordinal(), va, Integer.toUnsignedLong(value), flags);
  }

  /** Invalidates what is cached of one address: its translation, and tables on the way to it. */
  static GuestOp invalidate(long va) {
    return new GuestOp(INVALIDATE, va, 0, 0);
  }

  /** Invalidates the translation of one address; cached tables may stay. */
  static GuestOp invalidateLeaf(long va) {
    return new GuestOp(INVALIDATE, va, 1, 0);
  }

  /** Loads the root register, with what the architecture invalidates by that. */
  static GuestOp loadRoot(long value) {
    return new GuestOp(LOAD_ROOT, value, 0, 0);
  }

  /** Loads two root registers, which invalidates nothing. */
  static GuestOp loadRoots(long first, long second) {
    return new GuestOp(LOAD_ROOT, first, second, 0);
  }

  /** Loads the table of partitions and the numbers of process and partition: ppc64. */
  static GuestOp loadPartition(long table, long process, long partition) {
    return new GuestOp(LOAD_ROOT, table, process, partition);
  }

  /** Invalidates as the operands of tlbie say: ppc64. */
  static GuestOp tlbie(long rb, long rs, int ric) {
    return new GuestOp(INVALIDATE, rb, rs, ric);
  }

  /** Says where the hash table is: ppc64. */
  static GuestOp loadHashTable(long sdr1) {
    return new GuestOp(LOAD_HASH_TABLE, sdr1, 0, 0);
  }

  /** Loads an entry of the SLB: ppc64. */
  static GuestOp loadSegment(long esidWord, long vsidWord) {
    return new GuestOp(LOAD_SEGMENT, esidWord, vsidWord, 0);
  }

  /** Invalidates what was found by hashing: ppc64. */
  static GuestOp invalidateHashed(long rb) {
    return new GuestOp(INVALIDATE_HASHED, rb, 0, 0);
  }

  /** Drops pages from a hash table and the TLB; no operation of a guest, but of its kernel. */
  static GuestOp drop(long firstVa, long lastVa) {
    return new GuestOp(DROP, firstVa, lastVa, 0);
  }

  /** What it does at an address, if it is an access. */
  Optional<Access> access() {
    Access[] all = Access.values();
    return code < all.length ? Optional.of(all[code]) : Optional.empty();
  }

  boolean loadsRoots() {
    return code == LOAD_ROOT;
  }

  boolean drops() {
    return code == DROP;
  }

  /** Loads control registers, whose number and order are the guest's own, and flushes all. */
  static GuestOp controls(long first, long second, long third) {
    return new GuestOp(CONTROLS, first, second, third);
  }

  /** Invalidates everything that is cached, global translations too. */
  static GuestOp flushAll() {
    return new GuestOp(FLUSH_ALL, 0, 0, 0);
  }

  /** Invalidates everything that is cached of one address space, but no global translations. */
  static GuestOp flushSpace() {
    return new GuestOp(FLUSH_SPACE, 0, 0, 0);
  }
}

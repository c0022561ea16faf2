package org.mmport.conformance.qemu;

import java.util.Random;

/**
 * AMR and IAMR, which for each key of the hash table's pages have two bits; Power ISA 3.0B Book
 * III, section "Virtual Page Class Key Protection".
 */
record Ppc64Keys(long amr, long iamr) {
  static final Ppc64Keys OPEN = new Ppc64Keys(0, 0);

  /** Any, but nothing is kept from being run by the guest's own key. */
  static Ppc64Keys random(Random random) {
    return new Ppc64Keys(random.nextLong(), random.nextLong() & ~3);
  }

  /** Whether the key of an entry's data word forbids an access; fetches are only IAMR's. */
  boolean deny(long data, Access access) {
    int key = (int) (data >>> 60 & 3) << 3 | (int) (data >>> 9 & 7);
    int shift = 2 * (31 - key);
    int bits = (int) ((access.fetches() ? iamr : amr) >>> shift) & 3;
    return (bits & (access.writes() ? 2 : 1)) != 0;
  }

  String words() {
    return "with AMR=0x%016x IAMR=0x%016x".formatted(amr, iamr);
  }
}

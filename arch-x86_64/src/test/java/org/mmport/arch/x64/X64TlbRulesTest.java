package org.mmport.arch.x64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.spi.Level;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * Each bit both ways. The letters say of bits 63 to 0 what Linux's {@code pte_flags_need_flush()}
 * (arch/x86/include/asm/tlbflush.h) says: {@code x} flush on any change, {@code c} flush when
 * cleared, {@code .} never.
 */
class X64TlbRulesTest {
  private static final TlbRules RULES = new X64Architecture().variants().getFirst().tlbRules();

  // XD and key; 58:52; address; 11:9; G, PAT, D, A, PCD, PWT, U/S, R/W. P has tests of its own.
  private static final String PAGE = "xxxxx" + "......." + "x".repeat(40) + "..." + "xxc.xxxx";

  // As PAGE, but A counts when cleared, and PS is kept: without it the entry is a table.
  private static final String HUGE = "xxxxx" + "......." + "x".repeat(40) + "..." + "x-ccxxxx";

  // XD; 62:52; address; 11:8; PS makes it a leaf; D is ignored, A is only statistics.
  private static final String TABLE = "x" + "..........." + "x".repeat(40) + "....x..xxxx";

  private static void eachBit(String rule, long base, Level level, TlbDuty flush) {
    assertEquals(63, rule.length());
    for (int bit = 1; bit < 64; bit++) {
      char letter = rule.charAt(63 - bit);
      if (letter == '-') {
        continue;
      }
      long clear = base & ~(1L << bit);
      long set = base | 1L << bit;
      String where = level + " bit " + bit;
      assertSame(
          letter == 'x' ? flush : TlbDuty.NONE, RULES.duty(clear, set, level), where + " set");
      assertSame(
          letter == '.' ? TlbDuty.NONE : flush, RULES.duty(set, clear, level), where + " cleared");
    }
  }

  @Test
  void pages() {
    eachBit(PAGE, 0x12345001L, Level.PTE, TlbDuty.FLUSH_LEAF);
  }

  @Test
  void hugeLeaves() {
    eachBit(HUGE, 0x40000081L, Level.PMD, TlbDuty.FLUSH_LEAF);
    eachBit(HUGE, 0x40000081L, Level.PUD, TlbDuty.FLUSH_LEAF);
  }

  @Test
  void tables() {
    for (Level level : new Level[] {Level.PGD, Level.P4D, Level.PUD, Level.PMD}) {
      eachBit(TABLE, 0x12345001L, level, TlbDuty.FLUSH_WALK_CACHES);
    }
  }

  @ParameterizedTest
  @CsvSource({
    // nothing cached: none, swap, PROT_NONE, invalidated huge leaf
    "PTE, 0x0, 0x12345067, NONE",
    "PTE, 0x7fffffffffffe00, 0x12345067, NONE",
    "PTE, 0xfffffedcba120, 0x12345067, NONE",
    "PMD, 0xfffffbfc000e6, 0x402000e7, NONE",
    "PMD, 0x0, 0x12345067, NONE",
    "PGD, 0x0, 0x12345067, NONE",
    // unchanged
    "PTE, 0x12345067, 0x12345067, NONE",
    "PMD, 0x12345067, 0x12345067, NONE",
    // leaf removed, to swap, to PROT_NONE, invalidated
    "PTE, 0x12345067, 0x0, LEAF",
    "PTE, 0x12345067, 0x7fffffffffffe00, LEAF",
    "PTE, 0x12345067, 0x40fffffedcba120, LEAF",
    "PMD, 0x402000e7, 0x0, LEAF",
    "PMD, 0x402000e7, 0xfffffbfc000e6, LEAF",
    "PUD, 0xc00000e7, 0x0, LEAF",
    // write-protected while dirty, and back
    "PTE, 0x12345067, 0x400000012345025, LEAF",
    "PTE, 0x400000012345025, 0x12345067, LEAF",
    // table removed, replaced; leaf to table and back
    "PMD, 0x12345067, 0x0, WALK_CACHES",
    "PGD, 0x12345067, 0x0, WALK_CACHES",
    "PUD, 0x12345067, 0x12346067, WALK_CACHES",
    "PMD, 0x402000e7, 0x12345067, WALK_CACHES",
    "PMD, 0x12345067, 0x402000e7, WALK_CACHES",
    "PUD, 0xc00000e7, 0x12345067, WALK_CACHES",
    "PUD, 0x12345067, 0xc00000e7, WALK_CACHES",
  })
  void transitions(Level level, String oldRaw, String newRaw, String scope) {
    TlbDuty duty = RULES.duty(Long.decode(oldRaw), Long.decode(newRaw), level);
    assertEquals(scope, duty.scope().name());
    assertEquals(false, duty.breakBeforeMake());
    assertEquals(false, duty.reloadRoot());
  }
}

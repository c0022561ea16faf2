package org.mmport.arch.x86;

import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * Each bit both ways, as Linux's {@code pte_flags_need_flush()} has it: {@code x} flush on any
 * change, {@code c} when cleared, {@code .} never; {@code -} makes another kind of entry.
 */
class X86TlbRulesTest {
  private static final List<MmuVariant> VARIANTS = new X86Architecture().variants();
  private static final TlbRules PAE = VARIANTS.getFirst().tlbRules();
  private static final TlbRules TWO_LEVEL = VARIANTS.getLast().tlbRules();

  // G, PAT, D, A, PCD, PWT, U/S, R/W. P has tests of its own.
  private static final String PAGE = "..." + "xxc.xxx" + "x-";
  private static final String HUGE = "..." + "x-ccxxx" + "x-";
  private static final String TABLE = "...." + "x..xxx" + "x-";

  private static void eachBit(
      TlbRules rules, String rule, long base, Level level, TlbDuty changed) {
    for (int bit = 0; bit < rule.length(); bit++) {
      char letter = rule.charAt(rule.length() - 1 - bit);
      if (letter == '-') {
        continue;
      }
      long clear = base & ~(1L << bit);
      long set = base | 1L << bit;
      String where = level + " bit " + bit;
      assertSame(
          letter == 'x' ? changed : TlbDuty.NONE, rules.duty(clear, set, level), where + " set");
      assertSame(
          letter == '.' ? TlbDuty.NONE : changed, rules.duty(set, clear, level), where + " clear");
    }
  }

  @Test
  void paeBelowTheRoot() {
    String high = "x".repeat(52);
    eachBit(PAE, high + PAGE, 0x12345001L, Level.PTE, TlbDuty.FLUSH_LEAF);
    eachBit(PAE, high + HUGE, 0x40000081L, Level.PMD, TlbDuty.FLUSH_LEAF);
    eachBit(PAE, high + "...." + "-..xxxx-", 1, Level.PMD, TlbDuty.FLUSH_WALK_CACHES);
  }

  @Test
  void twoLevels() {
    String high = "x".repeat(20);
    eachBit(TWO_LEVEL, high + PAGE, 0x12345001L, Level.PTE, TlbDuty.FLUSH_LEAF);
    eachBit(TWO_LEVEL, high + HUGE, 0x40000081L, Level.PGD, TlbDuty.FLUSH_LEAF);
    String table = high + TABLE.replaceFirst("x", "-");
    eachBit(TWO_LEVEL, table, 1, Level.PGD, TlbDuty.FLUSH_WALK_CACHES);
  }

  /** Intel SDM volume 3A, 4.4.1: the CPU holds the root's entries until CR3 is loaded again. */
  @Test
  void theRootOfPaeIsReloaded() {
    assertSame(TlbDuty.RELOAD_ROOT, PAE.duty(0, 0x12345001L, Level.PGD));
    assertSame(TlbDuty.RELOAD_ROOT, PAE.duty(0x12345001L, 0, Level.PGD));
    assertSame(TlbDuty.RELOAD_ROOT, PAE.duty(0x12345001L, 0x12346001L, Level.PGD));
    assertSame(TlbDuty.NONE, PAE.duty(0x12345001L, 0x12345e01L, Level.PGD));
    assertSame(TlbDuty.NONE, TWO_LEVEL.duty(0, 0x12345067L, Level.PGD));
  }

  /** What is not present is not cached: section 4.10.4.3. */
  @Test
  void whatIsNotPresent() {
    assertSame(TlbDuty.NONE, PAE.duty(0, 0x12345067L, Level.PTE));
    assertSame(TlbDuty.FLUSH_LEAF, PAE.duty(0x12345067L, 0, Level.PTE));
    assertSame(TlbDuty.FLUSH_LEAF, TWO_LEVEL.duty(0x12345067L, 0, Level.PTE));
  }
}

package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What is shown of runs that are cached as one; sizes by Linux, arch/arm64/Kconfig. */
class RunsShownTest {
  @Test
  void showSaysHowLongRunsAre() {
    Run shown = Run.of("show", "arm64/16k-va47");
    assertEquals(0, shown.exit(), shown.err());
    assertTrue(shown.out().contains("32M  yes, runs of 32 (1G)\n"), shown.out());
    assertTrue(shown.out().contains("16K  yes, runs of 128 (2M)\n"), shown.out());
    assertFalse(Run.of("show", "x86_64/4level").out().contains("runs"), "x86 has none");
  }

  @Test
  void diffSaysWhereTheyDiffer() {
    Run all = Run.of("diff", "arm64/4k-va48", "arm64/16k-va47");
    assertTrue(all.out().matches("(?s).*PTE run entries +16 +128\n.*"), all.out());
    Run none = Run.of("diff", "x86_64/4level", "x86_64/la57", "--all");
    assertFalse(none.out().contains("run entries"), none.out());
  }
}

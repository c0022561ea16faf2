package org.mmport.arch.x64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mmport.spi.Registers;
import org.mmport.spi.RootLookup;

class X64RootsTest {
  /** Of a Linux kernel under QEMU, with 4 levels. */
  private static final Map<String, Long> QEMU =
      Map.of("cr0", 0x80050033L, "cr3", 0x55ae000L, "cr4", 0x750eb0L);

  private static RootLookup find(int levels, Map<String, Long> base, Map<String, Long> change) {
    return X64Roots.of(levels == 4 ? "4level" : "la57")
        .find(new Registers(base).and(new Registers(change)));
  }

  private static void found(
      long root, int levels, Map<String, Long> base, Map<String, Long> change) {
    assertEquals(new RootLookup.Found(List.of(root)), find(levels, base, change));
    assertInstanceOf(RootLookup.NotSelected.class, find(9 - levels, base, change));
  }

  private static void nowhere(Map<String, Long> base, Map<String, Long> change) {
    assertInstanceOf(RootLookup.NotSelected.class, find(4, base, change));
    assertInstanceOf(RootLookup.NotSelected.class, find(5, base, change));
  }

  @Test
  void fromControlRegisters() {
    found(0x55ae000L, 4, QEMU, Map.of());
    found(0x55ae000L, 5, QEMU, Map.of("cr4", 0x751eb0L));
    found(0x55ae000L, 4, QEMU, Map.of("efer", 0xd01L));
  }

  /** CR3: PCID or PWT and PCD below, LAM (62:61) and the no-flush bit (63) above. */
  @Test
  void whatElseIsInCr3() {
    found(0x55ae000L, 4, QEMU, Map.of("cr3", 0x55ae801L));
    found(0x55ae000L, 4, QEMU, Map.of("cr3", 0xe0000000055ae018L));
    found(0xffffffffff000L, 4, QEMU, Map.of("cr3", -1L));
  }

  @Test
  void otherPagingModes() {
    nowhere(QEMU, Map.of("cr0", 0x50033L));
    nowhere(QEMU, Map.of("cr4", 0x750e90L));
    nowhere(QEMU, Map.of("efer", 0x901L));
    nowhere(Map.of("cr3", 0x55ae000L), Map.of());
    nowhere(Map.of(), Map.of());
  }

  /** init_top_pgt as printed by a kernel whose image lies at physical 16M, and by a moved one. */
  @Test
  void fromVmcoreInfo() {
    Map<String, Long> info =
        Map.of("SYMBOL(init_top_pgt)", 0xffffffff82a10000L, "NUMBER(phys_base)", 0L);
    found(0x2a10000L, 4, info, Map.of("NUMBER(pgtable_l5_enabled)", 0L));
    found(0x2a10000L, 5, info, Map.of("NUMBER(pgtable_l5_enabled)", 1L));
    found(0x2a10000L, 4, info, Map.of());
    found(0x13a10000L, 4, info, Map.of("NUMBER(phys_base)", 0x11000000L));
    found(0x1a10000L, 4, info, Map.of("NUMBER(phys_base)", -0x1000000L));
  }

  @Test
  void fromOlderVmcoreInfo() {
    Map<String, Long> base = Map.of("NUMBER(phys_base)", 0x1000000L);
    found(0x2c0b000L, 4, base, Map.of("SYMBOL(init_level4_pgt)", 0xffffffff81c0b000L));
    found(0x2c0b000L, 4, base, Map.of("SYMBOL(swapper_pg_dir)", 0xffffffff81c0b000L));
    nowhere(base, Map.of());
    nowhere(Map.of("SYMBOL(swapper_pg_dir)", 0xffffffff81c0b000L), Map.of());
  }

  @Test
  void registersComeBeforeVmcoreInfo() {
    Map<String, Long> info =
        Map.of("SYMBOL(init_top_pgt)", 0xffffffff82a10000L, "NUMBER(phys_base)", 0L);
    found(0x55ae000L, 4, QEMU, info);
  }
}

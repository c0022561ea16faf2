package org.mmport.arch.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Registers;
import org.mmport.spi.RootLookup;

/** Values of the control registers from Intel SDM volume 3A, sections 2.5 and 4.1.1. */
class X86RootsTest {
  private static final Map<String, Long> LINUX_PAE =
      Map.of("cr0", 0x80050033L, "cr3", 0x1e5a0e0L, "cr4", 0x6f0L);

  private static RootLookup find(String id, Map<String, Long> base, Map<String, Long> change) {
    MmuVariant variant =
        new X86Architecture()
            .variants().stream().filter(v -> v.id().equals(id)).findFirst().orElseThrow();
    return variant.rootFinder().find(new Registers(base).and(new Registers(change)));
  }

  private static void only(String id, long root, Map<String, Long> change) {
    for (String each : List.of("x86/pae", "x86/2level")) {
      RootLookup found = find(each, LINUX_PAE, change);
      if (each.equals(id)) {
        assertEquals(new RootLookup.Found(List.of(root)), found);
      } else {
        assertInstanceOf(RootLookup.NotSelected.class, found);
      }
    }
  }

  /** A PAE root is aligned to 32 bytes; PWT and PCD are below. */
  @Test
  void paeTellsTheVariant() {
    only("x86/pae", 0x1e5a0e0L, Map.of());
    only("x86/pae", 0x1e5a0e0L, Map.of("cr3", 0x1e5a0f8L));
    only("x86/pae", 0x1e5a0e0L, Map.of("efer", 0x800L));
    only("x86/2level", 0x1e5a000L, Map.of("cr3", 0x1e5a018L, "cr4", 0x6d0L));
  }

  @Test
  void otherModesAreNot() {
    only("none", 0, Map.of("cr0", 0x50033L));
    only("none", 0, Map.of("efer", 0xd01L));
    assertInstanceOf(
        RootLookup.NotSelected.class, find("x86/pae", Map.of("cr3", 0x1000L), Map.of()));
    assertInstanceOf(RootLookup.NotSelected.class, find("x86/2level", Map.of(), Map.of()));
  }
}

package org.mmport.arch.x64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

class X64ArchitectureTest {
  private static final Architecture PORT = new X64Architecture();

  @Test
  void isFoundAsAService() {
    List<Architecture> found =
        ServiceLoader.load(Architecture.class).stream().map(ServiceLoader.Provider::get).toList();
    assertEquals(List.of("x86_64"), found.stream().map(Architecture::name).toList());
  }

  @Test
  void twoVariants() {
    assertEquals(
        List.of("x86_64/4level", "x86_64/la57"),
        PORT.variants().stream().map(MmuVariant::id).toList());
  }

  /** pgtable_64_types.h: PGDIR_SHIFT is 39 or 48, and P4D is folded where it is 39. */
  @Test
  void fourLevels() {
    PagingGeometry geometry = PORT.variants().get(0).geometry();
    assertEquals("39/39/30/21/12", shifts(geometry));
    assertTrue(geometry.at(Level.P4D).isFolded());
    assertTrue(geometry.vaLayout().regionOf(0x0000_7fff_ffff_ffffL).isPresent());
    assertTrue(geometry.vaLayout().regionOf(0x0000_8000_0000_0000L).isEmpty());
    assertTrue(geometry.vaLayout().regionOf(0xffff_7fff_ffff_ffffL).isEmpty());
    assertTrue(geometry.vaLayout().regionOf(0xffff_8000_0000_0000L).isPresent());
  }

  @Test
  void fiveLevels() {
    PagingGeometry geometry = PORT.variants().get(1).geometry();
    assertEquals("48/39/30/21/12", shifts(geometry));
    assertFalse(geometry.at(Level.P4D).isFolded());
    assertTrue(geometry.vaLayout().regionOf(0x00ff_ffff_ffff_ffffL).isPresent());
    assertTrue(geometry.vaLayout().regionOf(0x0100_0000_0000_0000L).isEmpty());
    assertTrue(geometry.vaLayout().regionOf(0xff00_0000_0000_0000L).isPresent());
  }

  private static String shifts(PagingGeometry geometry) {
    return geometry.levels().stream()
        .map(level -> String.valueOf(geometry.shift(level.level())))
        .collect(Collectors.joining("/"));
  }

  @Test
  void everyTableIsAPageOf512Entries() {
    for (MmuVariant variant : PORT.variants()) {
      for (Level level : Level.values()) {
        boolean folded = variant.geometry().at(level).isFolded();
        assertEquals(folded ? 0 : 4096, variant.geometry().tableBytes(level));
      }
      assertTrue(variant.has(MmuFeature.LEAF_PMD) && variant.has(MmuFeature.LEAF_PUD));
      assertFalse(variant.has(MmuFeature.SUB_PAGE_TABLES) || variant.has(MmuFeature.SPLIT_STORE));
      assertFalse(variant.has(MmuFeature.BREAK_BEFORE_MAKE));
    }
  }

  /** struct QEMUCPUState: two u32, 18 u64, 10 segments of 24 bytes, then cr0 to cr4. */
  @Test
  void controlRegistersInQemusNote() {
    int cr0 = 2 * 4 + 18 * 8 + 10 * 24;
    CpuNote note = PORT.cpuNotes().getFirst();
    assertEquals(62, note.elfMachine());
    assertEquals("QEMU", note.owner());
    assertEquals(0, note.type());
    for (CpuNote.Field register : note.registers()) {
      int number = Integer.parseInt(register.name().substring(2));
      assertEquals(new CpuNote.Field("cr" + number, cr0 + 8 * number, 8), register);
    }
    assertEquals(4, note.registers().size());
  }
}

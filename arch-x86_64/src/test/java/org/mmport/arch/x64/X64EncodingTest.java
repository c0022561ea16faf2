package org.mmport.arch.x64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MemoryType;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * What is made, against raw values written down from Linux's headers (arch/x86/include/asm) and the
 * Intel SDM, volume 3A, chapter "Paging".
 */
class X64EncodingTest {
  private static final PteFormat FORMAT = new X64Architecture().variants().getFirst().format();

  private static long hex(String value) {
    return Long.parseUnsignedLong(value.substring(2), 16);
  }

  private static void same(String expected, long actual) {
    assertEquals(expected, "0x%016x".formatted(actual));
  }

  /** protection_map in arch/x86/mm/pgprot.c, the values from pgtable_types.h. */
  @ParameterizedTest
  @CsvSource({
    "---, false, 0x0000000000000120", // PAGE_NONE
    "r--, false, 0x8000000000000025", // PAGE_READONLY
    "-w-, false, 0x8000000000000025", // PAGE_COPY
    "rw-, false, 0x8000000000000025", // PAGE_COPY
    "--x, false, 0x0000000000000025", // PAGE_READONLY_EXEC
    "r-x, false, 0x0000000000000025", // PAGE_READONLY_EXEC
    "-wx, false, 0x0000000000000025", // PAGE_COPY_EXEC
    "rwx, false, 0x0000000000000025", // PAGE_COPY_EXEC
    "---, true, 0x0000000000000120", // PAGE_NONE
    "r--, true, 0x8000000000000025", // PAGE_READONLY
    "-w-, true, 0x8000000000000027", // PAGE_SHARED
    "rw-, true, 0x8000000000000027", // PAGE_SHARED
    "--x, true, 0x0000000000000025", // PAGE_READONLY_EXEC
    "r-x, true, 0x0000000000000025", // PAGE_READONLY_EXEC
    "-wx, true, 0x0000000000000027", // PAGE_SHARED_EXEC
    "rwx, true, 0x0000000000000027", // PAGE_SHARED_EXEC
  })
  void userProtections(String rwx, boolean shared, String expected) {
    same(expected, FORMAT.pgprot(Protection.user(rwx, shared)));
  }

  @ParameterizedTest
  @CsvSource({
    "rw-, 0x8000000000000163", // PAGE_KERNEL
    "rwx, 0x0000000000000163", // PAGE_KERNEL_EXEC
    "r--, 0x8000000000000121", // PAGE_KERNEL_RO
    "r-x, 0x0000000000000121", // PAGE_KERNEL_ROX
    "---, 0x0000000000000120",
  })
  void kernelProtections(String rwx, String expected) {
    same(expected, FORMAT.pgprot(Protection.kernel(rwx)));
  }

  /** The PAT as Linux loads it: 0 WB, 1 WC, 2 UC-, 3 UC, 4 WB, 5 WP, 6 UC-, 7 WT. */
  @ParameterizedTest
  @CsvSource({
    "WRITE_BACK, 0x8000000012200027, 0x80000000122000a7",
    "WRITE_COMBINE, 0x800000001220002f, 0x80000000122000af",
    "UNCACHED, 0x8000000012200037, 0x80000000122000b7",
    "WRITE_THROUGH, 0x80000000122000bf, 0x80000000122010bf",
  })
  void memoryTypesAtPageAndHugeLeaves(MemoryType type, String page, String huge) {
    long pgprot = FORMAT.pgprot(Protection.PAGE_SHARED.withMemoryType(type));
    same(page, FORMAT.mkLeaf(0x12200000L, pgprot, Level.PTE));
    same(huge, FORMAT.mkLeaf(0x12200000L, pgprot, Level.PMD));
    same(page, FORMAT.splitLeaf(hex(huge), Level.PMD, Level.PTE));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0x0800000000000027",
    "2, 0x1000000000000027",
    "4, 0x2000000000000027",
    "8, 0x4000000000000027",
    "15, 0x7800000000000027",
  })
  void protectionKeys(int key, String expected) {
    same(expected, FORMAT.pgprot(Protection.PAGE_SHARED_EXEC.withKey(key)));
  }

  @Test
  void protectionKeysThatDoNotFit() {
    for (int key : new int[] {-1, 16}) {
      Protection bad = Protection.PAGE_SHARED.withKey(key);
      assertThrows(InvalidRequestException.class, () -> FORMAT.pgprot(bad));
    }
  }

  @Test
  void leavesOfEachSize() {
    same("0x8000000012345027", FORMAT.mkLeaf(0x12345000L, hex("0x8000000000000027"), Level.PTE));
    same("0x80000000402000a7", FORMAT.mkLeaf(0x40200000L, hex("0x8000000000000027"), Level.PMD));
    same("0x80000000c00000a7", FORMAT.mkLeaf(0xc0000000L, hex("0x8000000000000027"), Level.PUD));
    same("0x000ffffffffff025", FORMAT.mkLeaf(0xffffffffff000L, 0x25, Level.PTE));
  }

  /** PAGE_NONE leaves hold their frame inverted (pgtable-invert.h, pfn_pte(), pfn_pmd()). */
  @Test
  void protNoneLeavesAreInverted() {
    same("0x000fffffedcba120", FORMAT.mkLeaf(0x12345000L, 0x120, Level.PTE));
    same("0x000fffffbfc001a0", FORMAT.mkLeaf(0x40200000L, 0x120, Level.PMD));
    same("0x000fffff000001a0", FORMAT.mkLeaf(0xc0000000L, 0x120, Level.PUD));
    same(
        "0x000fffffedcb9120",
        FORMAT.withPhysAddr(hex("0x000fffffedcba120"), 0x12346000L, Level.PTE));
    same(
        "0x8000000012346027",
        FORMAT.withPhysAddr(hex("0x8000000012345027"), 0x12346000L, Level.PTE));
  }

  @Test
  void tables() {
    same("0x0000000012345067", FORMAT.mkTable(0x12345000L, Level.PGD, TableOwner.USER));
    same("0x0000000012345063", FORMAT.mkTable(0x12345000L, Level.PMD, TableOwner.KERNEL));
  }

  /** pte_wrprotect(), pte_mkwrite(), pte_mkdirty(), pte_mkclean(): D never stays where R/W is 0. */
  @ParameterizedTest
  @CsvSource({
    "wrProtect, 0x8000000012345067, 0x8400000012345025",
    "wrProtect, 0x8000000012345027, 0x8000000012345025",
    "wrProtect, 0x8400000012345025, 0x8400000012345025",
    "mkWrite, 0x8400000012345025, 0x8000000012345067",
    "mkWrite, 0x8000000012345025, 0x8000000012345027",
    "mkDirty, 0x8000000012345027, 0x8000000012345867",
    "mkDirty, 0x8000000012345025, 0x8400000012345825",
    "mkClean, 0x8400000012345867, 0x8000000012345827",
    "mkOld, 0x8000000012345067, 0x8000000012345047",
    "mkYoung, 0x8000000012345047, 0x8000000012345067",
    "mkSpecial, 0x8000000012345025, 0x8000000012345225",
    "mkSoftDirty, 0x8000000012345025, 0x8000000012345825",
    "clearSoftDirty, 0x8000000012345825, 0x8000000012345025",
    "mkUffdWp, 0x8000000012345067, 0x8400000012345425",
    "clearUffdWp, 0x8000000012345425, 0x8000000012345025",
  })
  void changesOfOneBit(String operation, String before, String after) {
    for (Level level : new Level[] {Level.PTE, Level.PMD}) {
      same(after, apply(operation, hex(before), level));
    }
  }

  private static long apply(String operation, long raw, Level level) {
    return switch (operation) {
      case "wrProtect" -> FORMAT.wrProtect(raw, level);
      case "mkWrite" -> FORMAT.mkWrite(raw, level);
      case "mkDirty" -> FORMAT.mkDirty(raw, level);
      case "mkClean" -> FORMAT.mkClean(raw, level);
      case "mkOld" -> FORMAT.mkOld(raw, level);
      case "mkYoung" -> FORMAT.mkYoung(raw, level);
      case "mkSpecial" -> FORMAT.mkSpecial(raw, level);
      case "mkSoftDirty" -> FORMAT.mkSoftDirty(raw, level);
      case "clearSoftDirty" -> FORMAT.clearSoftDirty(raw, level);
      case "mkUffdWp" -> FORMAT.mkUffdWp(raw, level);
      case "clearUffdWp" -> FORMAT.clearUffdWp(raw, level);
      default -> throw new AssertionError(operation);
    };
  }

  /** pte_modify(), pmd_modify(): from, pgprot, to. */
  @ParameterizedTest
  @CsvSource({
    // writable and dirty to read-only and back: the dirty bit moves
    "PTE, 0x8000000012345067, 0x8000000000000025, 0x8400000012345025",
    "PTE, 0x8400000012345025, 0x8000000000000027, 0x8000000012345067",
    // to PROT_NONE and back: the frame is inverted, dirty saved, bit 8 comes and goes
    "PTE, 0x8000000012345067, 0x0000000000000120, 0x040fffffedcba120",
    "PTE, 0x040fffffedcba120, 0x8000000000000027, 0x8000000012345067",
    "PMD, 0x80000000402000e7, 0x0000000000000120, 0x040fffffbfc001a0",
    "PMD, 0x040fffffbfc001a0, 0x8000000000000027, 0x80000000402000e7",
    // kept: PAT PCD PWT SPECIAL UFFD_WP SOFT_DIRTY, and A even where pgprot has none
    "PTE, 0x8000000012345ebf, 0x0000000000000025, 0x0000000012345ebd",
    "PTE, 0x8000000012345005, 0x8000000000000025, 0x8000000012345005",
    "PTE, 0x8000000012345027, 0x8000000000000005, 0x8000000012345025",
    "PMD, 0x80000000402010bf, 0x0000000000000025, 0x00000000402010bd",
    "PUD, 0x80000000c00010bf, 0x0000000000000025, 0x00000000c00010bd",
    // replaced: G, U/S, key, XD; memory type of pgprot does not count
    "PTE, 0x8000000012345163, 0x7800000000000025, 0x7c00000012345025",
    "PTE, 0x8000000012345025, 0x80000000000000bf, 0x8000000012345027",
  })
  void modify(Level level, String before, String pgprot, String after) {
    // A of pgprot is masked by _PAGE_CHG_MASK like D: only the entry's own counts.
    same(after, FORMAT.modify(hex(before), hex(pgprot), level));
  }

  /** pmd_mkinvalid(): not present for hardware, present and a leaf for Linux, frame inverted. */
  @Test
  void invalidatedHugeLeaves() {
    long pmd = FORMAT.mkInvalid(hex("0x80000000402001e7"), Level.PMD);
    same("0x800fffffbfc000e6", pmd);
    assertTrue(FORMAT.present(pmd, Level.PMD) && FORMAT.leaf(pmd, Level.PMD));
    assertFalse(FORMAT.valid(pmd, Level.PMD) || FORMAT.protnone(pmd, Level.PMD));
    assertFalse(FORMAT.swap(pmd, Level.PMD));
    assertEquals(0x40200000L, FORMAT.physAddr(pmd, Level.PMD));
    same("0x800fffff000000e6", FORMAT.mkInvalid(hex("0x80000000c00000e7"), Level.PUD));
    same("0x800fffffbfc000e6", FORMAT.mkInvalid(hex("0x800fffffbfc001e6"), Level.PMD));
  }

  @Test
  void splittingLeaves() {
    same("0x80000000c00010bf", FORMAT.splitLeaf(hex("0x80000000c00010bf"), Level.PUD, Level.PMD));
    same("0x80000000c00000bf", FORMAT.splitLeaf(hex("0x80000000c00010bf"), Level.PUD, Level.PTE));
    same("0xac00000040200e25", FORMAT.splitLeaf(hex("0xac00000040200ea5"), Level.PMD, Level.PTE));
    same("0x000fffffbfdff120", FORMAT.splitLeaf(hex("0x000fffffbfc001a0"), Level.PMD, Level.PTE));
    same("0x000fffff3fe001a0", FORMAT.splitLeaf(hex("0x000fffff000001a0"), Level.PUD, Level.PMD));
  }

  /** pgtable_64.h: type 63:59, inverted offset 58:9, exclusive 3, uffd-wp 2, soft-dirty 1. */
  @Test
  void swapEntries() {
    same("0x07fffffffffffe00", FORMAT.mkSwap(0, 0, Level.PTE));
    same("0x17ffffffffdb9600", FORMAT.mkSwap(2, 0x1234, Level.PTE));
    same("0xf800000000000000", FORMAT.mkSwap(31, 0x3ffffffffffffL, Level.PMD));
    same("0x0000000000000200", FORMAT.mkSwap(0, 0x3fffffffffffeL, Level.PTE));
    long raw = hex("0x17ffffffffdb9600");
    same("0x17ffffffffdb9608", FORMAT.swapMkExclusive(raw, Level.PTE));
    same("0x17ffffffffdb9602", FORMAT.swapMkSoftDirty(raw, Level.PTE));
    same("0x17ffffffffdb9604", FORMAT.swapMkUffdWp(raw, Level.PTE));
    long all = raw | 0xe;
    same("0x17ffffffffdb9606", FORMAT.swapClearExclusive(all, Level.PTE));
    same("0x17ffffffffdb960c", FORMAT.swapClearSoftDirty(all, Level.PTE));
    same("0x17ffffffffdb960a", FORMAT.swapClearUffdWp(all, Level.PTE));
  }

  @ParameterizedTest
  @CsvSource({"-1, 0", "32, 0", "0, -1", "1, 0x4000000000000", "0, 0x3ffffffffffff"})
  void swapEntriesThatDoNotFit(int type, String offset) {
    long value = Long.decode(offset);
    assertThrows(InvalidRequestException.class, () -> FORMAT.mkSwap(type, value, Level.PTE));
  }

  /** pmd_bad() wants P|RW|D exactly, beside US and A; pud_bad() nothing outside _PAGE_TABLE. */
  @ParameterizedTest
  @CsvSource({
    "PMD, 0x0000000012345067, false", "PMD, 0x0000000012345063, false",
    "PMD, 0x0000000012345047, false", "PMD, 0x0000000012345027, true",
    "PMD, 0x0000000012345065, true", "PMD, 0x80000000402000e7, true",
    "PMD, 0x8000000012345067, true", "PMD, 0x0000000012345167, true",
    "PUD, 0x0000000012345067, false", "PUD, 0x0000000012345001, false",
    "PUD, 0x80000000c00000e7, true", "PUD, 0x8000000012345067, true",
    "PUD, 0x0000000012345077, true", "PGD, 0x8000000012345067, false",
    "P4D, 0x8000000012345067, false", "PGD, 0x00000000123450e7, true",
    "PGD, 0x0000000012345267, true",
  })
  void badTables(Level level, String raw, boolean bad) {
    assertEquals(bad, FORMAT.bad(hex(raw), level));
  }

  /** Tables 4-14 to 4-20: PS in PML5E and PML4E, 29:13 of a 1G leaf, 20:13 of a 2M leaf. */
  @ParameterizedTest
  @CsvSource({
    "PGD, 0x00000000123450e7, 0x0000000000000080",
    "P4D, 0x00000000123450e7, 0x0000000000000080",
    "PGD, 0xfff0000012345f67, 0x0000000000000000",
    "PUD, 0x00000000ffffffff, 0x000000003fffe000",
    "PUD, 0xfffffffffffff07f, 0x0000000000000000",
    "PMD, 0x00000000ffffffff, 0x00000000001fe000",
    "PMD, 0xffffffffffe01fff, 0x0000000000000000",
    "PMD, 0xffffffffffffff7f, 0x0000000000000000",
    "PTE, 0xffffffffffffffff, 0x0000000000000000",
  })
  void reservedBits(Level level, String raw, String reserved) {
    same(reserved, FORMAT.reserved(hex(raw), level));
  }

  @Test
  void fieldsCoverEveryBitOnce() {
    for (EntryKind kind : EnumSet.complementOf(EnumSet.of(EntryKind.ROOT))) {
      long seen = 0;
      for (EntryField field : FORMAT.fields()) {
        if (field.kinds().contains(kind)) {
          assertEquals(0, seen & field.mask(), () -> kind + " " + field.name() + " overlaps");
          seen |= field.mask();
        }
      }
      same("0xffffffffffffffff", seen);
    }
  }
}

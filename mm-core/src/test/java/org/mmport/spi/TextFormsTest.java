package org.mmport.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ports write as text: read as meant, or refused in one line that says how to write it. */
class TextFormsTest {
  private static final String PARTS =
      """
      TP 0   V VALID   used
      T  7:1 A FRAME   address
      H  7:0 I IGNORED of large leaves, which the shape has not
      [small 8k]
      P  7:1 A FRAME   address
      [large]
      P  7:2 A FRAME   address
      P  1   X EXEC    may be executed
      """;

  @Test
  void levelsAreReadAsMeant() {
    List<LevelGeometry> levels = PagingGeometry.levels(4, "PGD:1 PMD:16+ PTE:9+");
    assertEquals(
        List.of(
            new LevelGeometry(Level.PGD, 1, false, new TablePlacement(8, 8)),
            new LevelGeometry(Level.P4D, 0, false, new TablePlacement(0, 1)),
            new LevelGeometry(Level.PUD, 0, false, new TablePlacement(0, 1)),
            new LevelGeometry(Level.PMD, 16, true, new TablePlacement(262144, 262144)),
            new LevelGeometry(Level.PTE, 9, true, new TablePlacement(2048, 2048))),
        levels);
  }

  @Test
  void tablesMayKeepMoreThanEntries() {
    assertEquals(
        new LevelGeometry(Level.PTE, 8, true, new TablePlacement(4096, 4096)),
        PagingGeometry.levels(8, "PGD:8 PTE:8+/4096").getLast());
  }

  @Test
  void leavesMayReachFurtherThanPages() {
    assertEquals(
        List.of(40, 0),
        PagingGeometry.levels(4, "PGD:10+40 PTE:10+").stream()
            .filter(level -> !level.isFolded())
            .map(LevelGeometry::leafPaBits)
            .toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          PGD:9/         | level 'PGD:9/': write its name, a colon, its index bits
          PGD:9/48       | table placement 48 bytes aligned 48: both must be powers of two
          ""             | level '': write its name, a colon, its index bits
          PGD            | level 'PGD': write its name, a colon, its index bits
          PGD:           | level 'PGD:': write its name, a colon, its index bits
          :9             | level ':9': write its name, a colon, its index bits
          PGD:+          | level 'PGD:+': write its name, a colon, its index bits
          PGD:-1         | level 'PGD:-1': write its name, a colon, its index bits
          PGD:0x9        | level 'PGD:0x9': write its name, a colon, its index bits
          PGD:9+400      | level 'PGD:9+400': write its name, a colon, its index bits
          PGD:9++        | level 'PGD:9++': write its name, a colon, its index bits
          PGD+9          | level 'PGD+9': write its name, a colon, its index bits
          PGD:9999999999 | level 'PGD:9999999999': write its name, a colon, its index bits
          pgd:9          | level 'pgd:9': write its name, a colon, its index bits
          PGD:9  PTE:9+  | level '': write its name, a colon, its index bits
          PGD:9,PTE:9+   | level 'PGD:9,PTE:9+': write its name, a colon, its index bits
          PXD:9          | level 'PXD:9': PXD is none of [PGD, P4D, PUD, PMD, PTE]
          PUD:0          | level 'PUD:0': 0 index bits; leave a folded level out
          PGD:17         | PGD indexBits=17: must be 0 (folded) to 16
          PGD:29         | PGD indexBits=29: must be 0 (folded) to 16
          PGD:9 PTE:9    | PTE: entries of the last level are leaves; set leafAllowed=true
          PTE:9+ PGD:9   | levels 'PTE:9+ PGD:9': PGD comes after PTE; name each once
          PMD:9 PMD:9+   | levels 'PMD:9 PMD:9+': PMD comes after PMD; name each once
          """)
  void malformedLevelsAreRefused(String text, String says) {
    refused(text, says, levels -> PagingGeometry.levels(8, levels));
  }

  @Test
  void fieldsAreReadAsMeant() {
    assertEquals(
        List.of(
            new EntryField(
                "R/W", 1, 1, EntryRole.WRITE, "writable", Set.of(EntryKind.TABLE, EntryKind.HUGE)),
            new EntryField(
                "OFF",
                63,
                0,
                EntryRole.SWAP_OFFSET,
                "where in  it",
                Set.of(EntryKind.SWAP, EntryKind.PAGE, EntryKind.ROOT))),
        EntryField.table(
            """
            HT  1    R/W WRITE       writable

             RSP 63:0 OFF SWAP_OFFSET where in  it
            """));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          THP 1 R/W WRITE          | write kinds, bits, name, role, meaning
          THP                      | write kinds, bits, name, role, meaning
          THQ 1 R/W WRITE writable | kind 'Q' is no first letter of [TABLE, ROOT, HUGE, PAGE, SWAP]
          thp 1 R/W WRITE writable | kind 't' is no first letter of [TABLE, ROOT, HUGE, PAGE, SWAP]
          -   1 R/W WRITE writable | kind '-' is no first letter of [TABLE, ROOT, HUGE, PAGE, SWAP]
          PP  1 R/W WRITE writable | kind 'P' is there twice; name each once
          P   x R/W WRITE writable | bits 'x' are not such as 7 or 11:8
          P  -1 R/W WRITE writable | bits '-1' are not such as 7 or 11:8
          P 11: R/W WRITE writable | bits '11:' are not such as 7 or 11:8
          P 3-1 R/W WRITE writable | bits '3-1' are not such as 7 or 11:8
          P 9:8:7 R WRITE writable | bits '9:8:7' are not such as 7 or 11:8
          P 9999999999 R WRITE yes | bits '9999999999' are not such as 7 or 11:8
          P  64 R/W WRITE writable | bits 64 must lie in 63:0, the highest first
          P 8:9 R/W WRITE writable | bits 8:9 must lie in 63:0, the highest first
          P   1 R/W WRITABLE yes   | WRITABLE is no EntryRole; OTHER is for the rest
          P   1 R/W write writable | write is no EntryRole; OTHER is for the rest
          """)
  void malformedFieldsAreRefused(String line, String says) {
    refused(line, "entry field '" + line + "': " + says, EntryField::table);
  }

  @Test
  void goodLinesDoNotHideABadOne() {
    refused(
        "P 0 V VALID present\nP 1 R/W\nP 2 U USER user\n",
        "entry field 'P 1 R/W': write kinds",
        EntryField::table);
  }

  @Test
  void registersAreReadAsMeant() {
    assertEquals(
        new CpuNote(
            62,
            "QEMU",
            0,
            List.of(new CpuNote.Field("cr0", 0, 4), new CpuNote.Field("cr3", 416, 4))),
        CpuNote.of(62, "QEMU", 4, "cr0@0 cr3@416"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          ""             | register '' of note QEMU: write its name, @, and its offset
          cr3            | register 'cr3' of note QEMU: write its name, @, and its offset
          cr3@           | register 'cr3@' of note QEMU: write its name, @, and its offset
          @416           | register '@416' of note QEMU: write its name, @, and its offset
          cr3@-8         | register 'cr3@-8' of note QEMU: write its name, @, and its offset
          cr3@0x1a0      | register 'cr3@0x1a0' of note QEMU: write its name, @, and its offset
          cr3@9999999999 | register 'cr3@9999999999' of note QEMU: write its name, @, and its offset
          cr3@416@8      | register 'cr3@416@8' of note QEMU: write its name, @, and its offset
          cr0@8  cr3@416 | register '' of note QEMU: write its name, @, and its offset
          cr3@8 cr3@416  | register 'cr3@416' of note QEMU: cr3 is there already; name each once
          """)
  void malformedRegistersAreRefused(String text, String says) {
    refused(text, says, registers -> CpuNote.of(62, "QEMU", 8, registers));
  }

  private static final List<EntryField> FLAGGED =
      EntryField.table(
          """
          TP 0   P    VALID       present
          P  1   W    WRITE       writable
          P  3:2 TYPE MEMORY_TYPE how it is cached
          P  7   OLD  OTHER       left behind
          P  9:8 KEY  KEY         key
          T  4   NEXT OTHER       table
          T  5   USER OTHER       of a process
          """);

  @Test
  void flagsAreReadAsMeant() {
    EntryFlags flags =
        EntryFlags.of(
            FLAGGED,
            """
            kernel: P
            user: P
            none: OLD
            write: W

            user no-write: TYPE=1
            WRITE_BACK:
            UNCACHED: TYPE=2
            table: P NEXT
            user table: USER
            unused page: OLD
            """);
    assertEquals(0x3, flags.pgprot(Protection.PAGE_KERNEL));
    assertEquals(0x1, flags.pgprot(Protection.PAGE_KERNEL_RO));
    assertEquals(0x5, flags.pgprot(Protection.PAGE_COPY));
    assertEquals(0x3, flags.pgprot(Protection.PAGE_SHARED));
    assertEquals(0x80, flags.pgprot(Protection.PAGE_NONE));
    assertEquals(0xb, flags.pgprot(Protection.PAGE_SHARED.withMemoryType(MemoryType.UNCACHED)));
    assertEquals(0x31, flags.table(TableOwner.USER));
    assertEquals(0x11, flags.table(TableOwner.KERNEL));
    assertEquals(0x80, flags.stray(Level.PTE));
    assertEquals(0, flags.stray(Level.PMD));
    refused(
        "",
        "memory type WRITE_COMBINE: entries hold one of [WRITE_BACK, UNCACHED]",
        x -> flags.pgprot(Protection.PAGE_COPY.withMemoryType(MemoryType.WRITE_COMBINE)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          kernel P       | entry flags 'kernel P': write what it is about, a colon, and names of
          kernel wrote: P| entry flags 'kernel wrote: P': 'kernel wrote' is none of [UNCACHED,
          kernel: Q      | bits 'Q': no field of a PAGE entry has that name
          kernel: NEXT   | bits 'NEXT': no field of a PAGE entry has that name
          table: W       | bits 'W': no field of a TABLE entry has that name
          kernel: TYPE=  | bits 'TYPE=': write a number behind the =
          kernel: TYPE=x | bits 'TYPE=x': write a number behind the =
          kernel: TYPE=4 | bits 'TYPE=4': too large for its field
          """)
  void malformedFlagsAreRefused(String text, String says) {
    refused(text, says, flags -> EntryFlags.of(FLAGGED, flags));
    refused(
        "", "entry flags 'all: W': there is one", x -> EntryFlags.of(FLAGGED, "all: P\nall: W"));
  }

  @Test
  void kernelAreasAreReadAsMeant() {
    VaRegion all = new VaRegion("kernel", 0xffff_8000_0000_0000L, -1L, 0);
    assertEquals(
        KernelAreas.of(
            all,
            0xffff_8880_0000_0000L,
            0xffff_c87f_ffff_ffffL,
            0xffff_c900_0000_0000L,
            0xffff_e8ff_ffff_ffffL),
        KernelAreas.of(
            all,
            "linear ffff888000000000-ffffc87fffffffff vmalloc ffffc90000000000-ffffe8ffffffffff"));
    refused(
        "linear 0-1",
        "kernel areas 'linear 0-1': write 'linear FIRST-LAST",
        x -> KernelAreas.of(all, x));
  }

  @Test
  void fieldsOfNotesLieInThem() {
    refused("", "register cr3 of 2 bytes: notes have registers of 4 or 8", x -> note(416, 2));
    refused("", "register cr3 at -8: offsets count from the note's first byte", x -> note(-8, 8));
  }

  private static void note(int offsetBytes, int sizeBytes) {
    assertEquals(416, new CpuNote.Field("cr3", offsetBytes, sizeBytes).offsetBytes());
  }

  static void refused(String text, String says, Consumer<String> reader) {
    String message =
        String.valueOf(
            assertThrows(InvalidRequestException.class, () -> reader.accept(text)).getMessage());
    assertEquals(says, message.substring(0, Math.min(says.length(), message.length())));
    assertEquals(1, message.lines().count(), message);
  }

  private static EntryLayout layout(String flags, String... parts) {
    VaLayout addresses = VaLayout.zeroExtended(22);
    PagingGeometry geometry =
        PagingGeometry.of(12, addresses, 32, ByteOrder.LITTLE_ENDIAN, 8, "PGD:1 PTE:9+");
    return EntryLayout.of(geometry, PARTS, flags, parts);
  }

  @Test
  void partsAreTakenByTheirNames() {
    EntryLayout small = layout("all: V\n[large]\nexec: X", "8k");
    assertEquals(0xfe, small.bits().pageFrame());
    assertEquals(0, small.flags().user().exec());
    EntryLayout large = layout("all: V\n[large]\nexec: X", "large");
    assertEquals(0xfc, large.bits().pageFrame());
    assertEquals(2, large.flags().user().exec());
    assertEquals(-1L << 12, large.leaves().pte());
  }

  @Test
  void aLineMayBeginWithItsParts() {
    String flags = "[8k large] all: V\n[8k] exec: X\n[8k]\n[large]  no-exec: X\nnone: V\n";
    EntryFlags large = layout(flags, "large").flags();
    assertEquals(1, large.user().always());
    assertEquals(0, large.user().exec());
    assertEquals(2, large.user().noExec());
    assertEquals(1, layout("[8k large] all: V\n[8k]\nnone: A", "large").flags().none());
  }

  @Test
  void aPartNamedTwiceIsThatPart() {
    assertEquals(2, layout("[large large]\nexec: X", "large", "large").flags().user().exec());
  }

  @Test
  void fieldsOfLargeLeavesAreNotThoseOfAShapeWithoutThem() {
    assertEquals(
        Set.of(EntryKind.TABLE, EntryKind.PAGE),
        layout("", "large").fields().stream()
            .flatMap(field -> field.kinds().stream())
            .collect(Collectors.toSet()));
  }

  @Test
  void aPartThatNoLineNamesIsRefused() {
    refused("16k", "entry layout of [16k]: no line names it", part -> layout("", part));
  }

  @Test
  void theKernelsAddressesAreReadAsMeant() {
    VaRegion all = new VaRegion("all", 0, 0xffff_ffffL, 0);
    KernelAreas areas =
        KernelAreas.of(
            all, "kernel c0000000-ffffffff linear c0000000-cfffffff vmalloc d0000000-dfffffff");
    assertEquals(new VaRegion("kernel", 0xc000_0000L, 0xffff_ffffL, 0), areas.all());
    VaLayout own =
        VaLayout.withOwnKernel(16, "kernel f0000-fffff linear f0000-f7fff vmalloc f8000-fffff");
    assertEquals(
        List.of(new VaRegion("user", 0, 0xffff, 0), new VaRegion("kernel", 0xf0000, 0xfffff, 1)),
        own.regions());
    KernelAreas upper =
        VaLayout.split(32, -0x8000_0000L, -0x7000_0000L, -0x1000L)
            .kernelHalf()
            .orElseThrow()
            .areas();
    assertEquals(new VaRegion("high half", -(1L << 32), -1, 1), upper.all());
    assertEquals(new VaRegion("linear map", -(1L << 32), -0x8000_0001L, 1), upper.linearMap());
    assertEquals(new VaRegion("vmalloc", -0x7000_0000L, -0x1001L, 1), upper.vmalloc());
  }

  @Test
  void fieldsMayBeManyRangesAndBeginAtThePage() {
    PagingGeometry geometry =
        PagingGeometry.of(
            14, VaLayout.zeroExtended(26), 32, ByteOrder.LITTLE_ENDIAN, 8, "PGD:1 PTE:11+");
    String fields = "TP 0 V VALID used\nTP 13:12,2 I IGNORED unused\nTP 47:page A FRAME address";
    EntryLayout layout = EntryLayout.of(geometry, fields, "");
    assertEquals(0xffff_ffff_c000L, layout.bits().pageFrame());
    assertEquals(
        List.of("0:0", "13:12", "2:2", "47:14"),
        layout.fields().stream().map(field -> field.high() + ":" + field.low()).toList());
    String line = "P 3, V VALID used";
    refused(line, "entry field '%s': bits '' are not such as".formatted(line), EntryField::table);
    String page = "P 47:page A FRAME address";
    refused(page, "entry field '%s': bits '47:page' are not".formatted(page), EntryField::table);
  }

  @Test
  void whatNoOtherLineHasIsTheRest() {
    PagingGeometry geometry =
        PagingGeometry.of(
            12, VaLayout.zeroExtended(32), 32, ByteOrder.LITTLE_ENDIAN, 4, "PGD:10+ PTE:10+");
    String fields =
        """
        THP  rest    I IGNORED unused
        THP  0       V VALID   used
        P    31:page A FRAME   address
        H    31:22   A FRAME   address
        T    31:12,4:1 A FRAME address
        """;
    assertEquals(
        List.of("TABLE 11:5", "HUGE 21:1", "PAGE 11:1"),
        EntryLayout.of(geometry, fields, "").fields().stream()
            .filter(field -> field.role() == EntryRole.IGNORED)
            .flatMap(
                field ->
                    field.kinds().stream()
                        .map(kind -> kind + " " + field.high() + ":" + field.low()))
            .toList());
    String full = "S rest I IGNORED unused";
    refused(
        full,
        "entry field '%s': a SWAP entry has no bits left".formatted(full),
        line -> EntryLayout.of(geometry, "S 31:0 O SWAP_OFFSET offset\n" + line, ""));
    refused(
        "S rest I",
        "entry field 'S rest I': write kinds, bits, name, role, meaning",
        line -> EntryLayout.of(geometry, line + " ", ""));
  }

  @Test
  void whatTellsLeavesOfNoRightsIsReadAsMeant() {
    EntryFlags flags =
        EntryFlags.of(FLAGGED, "all: P\nnone: OLD\ntold none: P W OLD\nguarded: TYPE=2\n");
    assertEquals(
        List.of(true, false, false, false),
        List.of(
            flags.tellsNone(0x8d),
            flags.tellsNone(0x83),
            flags.tellsNone(0x80),
            flags.tellsNone(0x01)));
    assertEquals(0x8, flags.guarded());
    assertEquals(0x10, EntryFlags.of(FLAGGED, "bad table: NEXT").badTable());
  }
}

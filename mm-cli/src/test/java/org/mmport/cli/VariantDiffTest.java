package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;

/** Variants that differ in one thing that a test has changed, and what is asked of TLB rules. */
class VariantDiffTest {
  private static final MmuVariant X64 = Ports.variant("x86_64/4level");

  /** Entries of Intel SDM volume 3A, tables 4-15 to 4-20, with Linux's software bits. */
  @Test
  void changesAreMadeOfEntriesAsTheManualHasThem() {
    TreeSet<String> asked = new TreeSet<>();
    MmuVariant spied =
        X64.withTlbRules(
            (oldRaw, newRaw, level) -> {
              asked.add("%s %x %x".formatted(level, oldRaw, newRaw));
              return TlbDuty.NONE;
            });
    new VariantDiff(spied, spied).rows();
    TreeSet<String> expected = new TreeSet<>();
    // P=1 RW=2 US=4 A=0x20 D=0x40 PS=0x80 soft-dirty=0x800 XD=bit 63
    for (String values :
        List.of(
            "0 8000000000000027",
            "8000000000000027 0",
            "8000000000000027 8000000000000025",
            "8000000000000025 8000000000000027",
            "8000000000000027 8000000000000007",
            "8000000000000007 8000000000000027",
            "8000000000000867 8000000000000827",
            "8000000000000027 8000000000000867",
            "8000000000000027 8000000000001027")) {
      expected.add("PTE " + values);
    }
    for (Level level : List.of(Level.PMD, Level.PUD)) {
      String frame = level == Level.PMD ? "80000000002000a7" : "80000000400000a7";
      for (String values :
          List.of(
              "0 80000000000000a7",
              "80000000000000a7 0",
              "80000000000000a7 80000000000000a5",
              "80000000000000a5 80000000000000a7",
              "80000000000000a7 8000000000000087",
              "8000000000000087 80000000000000a7",
              "80000000000008e7 80000000000008a7",
              "80000000000000a7 80000000000008e7",
              "80000000000000a7 " + frame,
              "80000000000000a7 1067")) {
        expected.add(level + " " + values);
      }
    }
    for (Level level : List.of(Level.PMD, Level.PUD, Level.PGD)) {
      expected.addAll(List.of(level + " 0 1067", level + " 1067 0", level + " 1067 2067"));
    }
    assertEquals(expected, asked);
  }

  /** Kernels differ in whether fresh mappings are young, and kernel mappings come dirty. */
  @Test
  void leavesAreYoungAndCleanWhateverAPortBeginsWith() {
    Set<String> mapped = new TreeSet<>();
    PteFormat oldAndDirty = answering("pgprot", bits -> ((long) bits & ~0x20L) | 0x40L);
    MmuVariant spied =
        X64.withFormat(oldAndDirty)
            .withTlbRules(
                (oldRaw, newRaw, level) -> {
                  if (level == Level.PTE && oldRaw == 0) {
                    mapped.add(Long.toHexString(newRaw));
                  }
                  return TlbDuty.NONE;
                });
    new VariantDiff(spied, spied).rows();
    assertEquals(Set.of("8000000000000027"), mapped);
  }

  @Test
  void rootEntriesAreComparedWhereverTheRootIs() {
    MmuVariant reloading =
        X64.withTlbRules(
            (oldRaw, newRaw, level) ->
                level == Level.PGD
                    ? TlbDuty.RELOAD_ROOT
                    : X64.tlbRules().duty(oldRaw, newRaw, level));
    assertEquals(
        List.of(
            "hook-in-root changed: nothing | flush walk caches, reload root",
            "unhook-in-root changed: flush walk caches | flush walk caches, reload root",
            "change-in-root changed: flush walk caches | flush walk caches, reload root"),
        differences(X64, reloading));
    MmuVariant fiveLevels = Ports.variant("x86_64/la57");
    assertEquals(
        List.of(),
        differences(X64, fiveLevels).stream().filter(row -> row.contains("-in-root")).toList());
  }

  @Test
  void breakBeforeMakeIsSaid() {
    MmuVariant careful =
        X64.withTlbRules(
            (oldRaw, newRaw, level) ->
                level == Level.PMD && newRaw == 0x1067L && oldRaw != 0
                    ? TlbDuty.BREAK_BEFORE_MAKE
                    : X64.tlbRules().duty(oldRaw, newRaw, level));
    assertEquals(
        List.of("split-leaf changed: flush walk caches | flush walk caches, break before make"),
        differences(X64, careful));
  }

  @Test
  void aFieldThatMovedIsOneThatMoved() {
    assertEquals(
        List.of("KEY changed [bits]: 62:59 PK (protection key) | 61:58 PK (protection key)"),
        entries(
            field ->
                is(field, "PK")
                    ? with(field, 61, 58, field.role(), "PK", field.meaning())
                    : field));
  }

  @Test
  void aFieldThatMeansSomethingElseIsSeen() {
    assertEquals(
        List.of("KEY changed [meaning]: 62:59 PK (protection key) | 62:59 PK (colour)"),
        entries(
            field -> is(field, "PK") ? with(field, 62, 59, field.role(), "PK", "colour") : field));
    assertEquals(
        List.of("KEY changed [role]: 62:59 PK (protection key) | 62:59 PK (protection key)"),
        entries(
            field ->
                is(field, "PK")
                    ? with(field, 62, 59, EntryRole.OTHER, "PK", field.meaning())
                    : field));
    assertEquals(
        List.of("KEY changed [name]: 62:59 PK (protection key) | 62:59 KEY (protection key)"),
        entries(
            field ->
                is(field, "PK")
                    ? with(field, 62, 59, field.role(), "KEY", field.meaning())
                    : field));
  }

  @Test
  void aFieldThatIsReservedElsewhereIsThereInOneOnly() {
    assertEquals(
        List.of("KEY first-only: 62:59 PK (protection key) | -", "RESERVED second-only: - | 62:59"),
        entries(
            field ->
                is(field, "PK")
                    ? with(field, 62, 59, EntryRole.RESERVED, "0", "must be zero")
                    : field));
  }

  /** What differs in page entries when the fields of x86_64 are changed like this. */
  private static List<String> entries(UnaryOperator<EntryField> change) {
    List<EntryField> fields = X64.format().fields().stream().map(change).toList();
    PteFormat changed = answering("fields", ignored -> fields);
    List<String> found = new ArrayList<>();
    for (DiffRow row : new VariantDiff(X64, X64.withFormat(changed)).rows()) {
      if (row.differs() && row.section() == DiffSection.PAGE_ENTRIES) {
        found.add(text(row));
      }
    }
    return found;
  }

  /** The format of x86_64, of which one method's answers are replaced. */
  private static PteFormat answering(String name, UnaryOperator<Object> answer) {
    return (PteFormat)
        Proxy.newProxyInstance(
            PteFormat.class.getClassLoader(),
            new Class<?>[] {PteFormat.class},
            (proxy, method, arguments) -> {
              try {
                method.setAccessible(true);
                Object given = method.invoke(X64.format(), arguments);
                return method.getName().equals(name) ? answer.apply(given) : given;
              } catch (InvocationTargetException e) {
                throw e.getTargetException();
              }
            });
  }

  private static boolean is(EntryField field, String name) {
    return field.name().equals(name) && field.kinds().contains(EntryKind.PAGE);
  }

  private static EntryField with(
      EntryField field, int high, int low, EntryRole role, String name, String meaning) {
    return new EntryField(name, high, low, role, meaning, field.kinds());
  }

  private static List<String> differences(MmuVariant first, MmuVariant second) {
    return new VariantDiff(first, second)
        .rows().stream().filter(DiffRow::differs).map(VariantDiffTest::text).toList();
  }

  private static String text(DiffRow row) {
    return row.item()
        + " "
        + row.difference().word()
        + (row.changes().isEmpty() ? "" : " " + row.changes())
        + ": "
        + row.first().map(DiffFact::text).orElse("-")
        + " | "
        + row.second().map(DiffFact::text).orElse("-");
  }
}

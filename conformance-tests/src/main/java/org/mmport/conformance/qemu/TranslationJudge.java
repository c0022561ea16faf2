package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.TableVisitor;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.Walk;
import org.mmport.pgtable.WalkProblem;
import org.mmport.pgtable.WalkStep;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;

/** What QEMU's monitor says of tables, against {@link TableWalker}. No guest code runs. */
final class TranslationJudge {
  private static final int FORESTS = 8;
  private static final int ADDRESSES = 8000;

  private final MmuVariant variant;
  private final Guest guest;
  private final QemuMachine machine;
  private final Oddities oddities;

  TranslationJudge(MmuVariant variant, Guest guest, QemuMachine machine, Oddities oddities) {
    this.variant = variant;
    this.guest = guest;
    this.machine = machine;
    this.oddities = oddities;
  }

  void ask(Random random) {
    for (int i = 0; i < FORESTS; i++) {
      RandomTables tables = forest(random);
      TableWalker walker = TableWalker.over(machine.memory(), variant, tables.roots());
      for (long va : addresses(tables, random)) {
        compare(walker.walk(va), machine.translate(va));
      }
    }
  }

  private RandomTables forest(Random random) {
    PagingGeometry geometry = variant.geometry();
    RandomTables tables =
        new RandomTables(
            new RawEntries(machine.memory(), variant),
            variant,
            random,
            guest.tables(),
            level -> random.nextLong() & geometry.lastPhysAddr(level) & -geometry.spanBytes(level),
            va -> false,
            guest::fixedTableBits);
    guest.look(machine, tables.roots());
    return tables;
  }

  private List<Long> addresses(RandomTables tables, Random random) {
    List<Long> all = new ArrayList<>();
    for (RandomTables.Slot slot : tables.slots()) {
      long span = variant.geometry().spanBytes(slot.level());
      all.addAll(List.of(slot.va(), slot.va() + span - 1, tables.addressIn(slot)));
    }
    java.util.Collections.shuffle(all, random);
    List<Long> some = new ArrayList<>(all.subList(0, Math.min(ADDRESSES / FORESTS, all.size())));
    for (int i = 0; i < 50; i++) {
      long va = random.nextLong();
      some.add(
          variant.geometry().entryBytes() == 8 && variant.geometry().vaBits() > 32
              ? va
              : va & 0xffff_ffffL);
    }
    return some;
  }

  private void compare(Walk walk, OptionalLong asked) {
    WalkStep last =
        walk.steps().isEmpty()
            ? new WalkStep(variant.geometry().rootLevel(), 0, 0, 0, 0)
            : walk.steps().getLast();
    OptionalLong expected =
        walk.outcome() instanceof Outcome.Mapped mapped
            ? OptionalLong.of(mapped.physAddr())
            : OptionalLong.empty();
    if (expected.equals(asked)) {
      return;
    }
    if (guest.oddTranslation(walk, asked).filter(oddities::meets).isPresent()) {
      return;
    }
    String port =
        walk.outcome() instanceof Outcome.Fault fault
            ? "a fault: " + fault.reason().word()
            : words(expected);
    throw new HardwareDiffers(walk.va(), last.level(), last.raw(), port, words(asked));
  }

  private static String words(OptionalLong physAddr) {
    return physAddr.isEmpty() ? "a fault" : "0x%x".formatted(physAddr.getAsLong());
  }

  /** Whether QEMU could list at all. */
  boolean list(Random random) {
    for (int i = 0; i < FORESTS; i++) {
      RandomTables tables = forest(random);
      Optional<List<ListedPage>> listed = guest.list(machine);
      if (listed.isEmpty()) {
        return false;
      }
      compareAll(tables, listed.get());
    }
    return true;
  }

  private void compareAll(RandomTables tables, List<ListedPage> listed) {
    Map<Long, ListedPage> left = new HashMap<>();
    listed.forEach(page -> left.put(page.va(), page));
    List<Long> reserved = new ArrayList<>();
    List<Level> reservedAt = new ArrayList<>();
    TableWalker walker = TableWalker.over(machine.memory(), variant, tables.roots());
    walker.visit(
        new TableVisitor() {
          @Override
          public void leaf(long va, long raw, Level level, int rights) {
            compareOne(va, raw, level, Optional.ofNullable(left.remove(va)));
          }

          @Override
          public void problem(long va, long raw, Level level, WalkProblem problem) {
            reserved.add(va);
            reservedAt.add(level);
          }
        });
    for (ListedPage page : left.values()) {
      boolean known = false;
      for (int i = 0; i < reserved.size(); i++) {
        long offset = page.va() - reserved.get(i);
        known |= Long.compareUnsigned(offset, variant.geometry().spanBytes(reservedAt.get(i))) < 0;
      }
      if (!known || !oddities.meets("x86-monitor-ignores-reserved")) {
        throw new HardwareDiffers("no leaf at 0x%016x".formatted(page.va()), page.toString());
      }
    }
  }

  private void compareOne(long va, long raw, Level level, Optional<ListedPage> listed) {
    long physAddr = variant.format().physAddr(raw, level);
    String letters = letters(raw, level);
    String expected = "0x%x %s".formatted(physAddr, letters);
    ListedPage page =
        listed.orElseThrow(
            () -> new HardwareDiffers(va, level, raw, expected, "that it is not listed"));
    String found = only(page.flags());
    boolean samePlace = physAddr == page.physAddr();
    if (!samePlace) {
      Optional<String> odd = guest.oddListing(physAddr, page.physAddr());
      samePlace = odd.isPresent() && oddities.meets(odd.get());
    }
    if (!samePlace || !letters.equals(found)) {
      String shown = "0x%x %s".formatted(page.physAddr(), found);
      throw new HardwareDiffers(va, level, raw, expected, shown);
    }
  }

  /** X, G, A, U, W as QEMU prints them, of the leaf alone. */
  private String letters(long raw, Level level) {
    PteFormat format = variant.format();
    int rights = format.rights(raw, level);
    return ((rights & Rights.EXEC) == 0 ? "X" : "-")
        + (format.global(raw, level) ? "G" : "-")
        + (format.young(raw, level) ? "A" : "-")
        + ((rights & Rights.USER) != 0 ? "U" : "-")
        + ((rights & Rights.WRITE) != 0 ? "W" : "-");
  }

  private static String only(String flags) {
    return ""
        + flags.charAt(0)
        + flags.charAt(1)
        + flags.charAt(4)
        + flags.charAt(7)
        + flags.charAt(8);
  }
}

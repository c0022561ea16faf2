package org.mmport.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.InvalidRequestException;

/** Random operations against one object for each page of a small address space. */
class VmaTreeTest {
  private static final int PAGE_SHIFT = 12;
  private static final int PAGES = 60;
  private static final int STEPS = 5_000;

  private static final Folios FOLIOS =
      new Folios(FrameAllocator.singleNode(PhysicalMemory.ofSize(1 << PAGE_SHIFT), PAGE_SHIFT));
  private static final FilePages[] FILES = {
    new FilePages(0, FOLIOS, Storage.none(), 1), new FilePages(1, FOLIOS, Storage.none(), 1)
  };
  private static final VmaRights[] RIGHTS = {
    // One of them equal to another, not the same.
    VmaRights.READ, VmaRights.READ_WRITE, new VmaRights(true, true, false)
  };

  /** What is known of one page; file -1 is anonymous. */
  private record Page(VmaRights rights, boolean shared, boolean locked, int file, long index) {
    boolean continuesIn(@Nullable Page next) {
      return next != null
          && rights.equals(next.rights)
          && shared == next.shared
          && locked == next.locked
          && file == next.file
          && (file < 0 || next.index == index + 1);
    }
  }

  private final @Nullable Page[] model = new @Nullable Page[PAGES];
  private final VmaTree tree = new VmaTree(PAGE_SHIFT);
  private long base;
  private int refusals;
  private int gaps;

  @ParameterizedTest
  @ValueSource(longs = {0, 0x7fff_ffff_ffff_0000L, 0xffff_ffff_fffc_4000L})
  void agreesWithTheModel(long baseVa) {
    base = baseVa;
    for (long seed = 1; seed <= 3; seed++) {
      tree.remove(va(0), last(PAGES - 1));
      Arrays.fill(model, null);
      Random random = new Random(seed);
      for (int step = 0; step < STEPS; step++) {
        String where = "base 0x%x seed %d step %d".formatted(base, seed, step);
        step(random, where);
        assertEquals(expected(), tree.all(), where);
        look(random, where);
      }
    }
    assertTrue(refusals > 1000 && gaps > 1000, "refusals " + refusals + ", gaps " + gaps);
  }

  private void step(Random random, String where) {
    int first = random.nextInt(PAGES);
    int last = Math.min(PAGES - 1, first + random.nextInt(random.nextBoolean() ? 4 : 20));
    switch (random.nextInt(4)) {
      case 0, 1 -> {
        Page page = randomPage(random, first);
        Vma vma = vma(first, last, page);
        if (anyMapped(first, last)) {
          refused(() -> tree.insert(vma), where);
        } else {
          tree.insert(vma);
          for (int at = first; at <= last; at++) {
            model[at] = moved(page, at - first);
          }
        }
      }
      case 2 -> {
        List<Vma> before = runs(first, last);
        assertEquals(before, tree.remove(va(first), last(last)), where);
        Arrays.fill(model, first, last + 1, null);
      }
      default -> {
        boolean lock = random.nextBoolean();
        boolean locked = random.nextBoolean();
        VmaRights rights = RIGHTS[random.nextInt(RIGHTS.length)];
        List<Vma> given = new ArrayList<>();
        Runnable change =
            () ->
                tree.replace(
                    va(first),
                    last(last),
                    vma -> {
                      given.add(vma);
                      return lock ? vma.withLocked(locked) : vma.withRights(rights);
                    });
        if (!allMapped(first, last)) {
          refused(change, where);
          return;
        }
        List<Vma> parts = runs(first, last);
        change.run();
        assertEquals(parts, given, where);
        for (int at = first; at <= last; at++) {
          Page page = Objects.requireNonNull(model[at]);
          model[at] =
              lock
                  ? new Page(page.rights, page.shared, locked, page.file, page.index)
                  : new Page(rights, page.shared, page.locked, page.file, page.index);
        }
      }
    }
  }

  private void look(Random random, String where) {
    int first = random.nextInt(PAGES);
    int last = first + random.nextInt(PAGES - first);
    List<Vma> whole =
        expected().stream()
            .filter(vma -> pageOf(vma.firstVa()) <= last && pageOf(vma.lastVa()) >= first)
            .toList();
    assertEquals(whole, tree.in(va(first), last(last)), where);
    assertEquals(whole.stream().findFirst(), tree.firstIn(va(first), last(last)), where);
    assertEquals(whole.reversed().stream().findFirst(), tree.lastIn(va(first), last(last)), where);
    assertEquals(
        whole.stream().anyMatch(Vma::locked),
        tree.anyIn(va(first), last(last), Vma::locked),
        where);
    long va = va(first) + random.nextInt(1 << PAGE_SHIFT);
    Optional<Vma> there =
        expected().stream()
            .filter(vma -> pageOf(vma.firstVa()) <= first && pageOf(vma.lastVa()) >= first)
            .findFirst();
    assertEquals(there, tree.find(va), where);
    int size = 1 + random.nextInt(5);
    long align = 1L << (PAGE_SHIFT + random.nextInt(4));
    OptionalLong gap = OptionalLong.empty();
    for (int start = last - size + 1; start >= first && gap.isEmpty(); start--) {
      if (va(start) % align == 0 && !anyMapped(start, start + size - 1)) {
        gap = OptionalLong.of(va(start));
        gaps++;
      }
    }
    assertEquals(gap, tree.findGap(va(first), last(last), (long) size << PAGE_SHIFT, align), where);
  }

  @Test
  void aChangeThatThrowsChangesNothing() {
    Vma low = vma(1, 2, new Page(VmaRights.READ, false, false, -1, 0));
    Vma high = vma(3, 5, new Page(VmaRights.READ_WRITE, false, false, -1, 0));
    tree.insert(low);
    tree.insert(high);
    assertThrows(
        ArithmeticException.class,
        () ->
            tree.replace(
                va(2),
                last(4),
                vma -> {
                  if (vma.rights().write()) {
                    throw new ArithmeticException();
                  }
                  return vma.withLocked(true);
                }));
    assertEquals(List.of(low, high), tree.all());
  }

  @Test
  void refusalsSayWhatIsWrong() {
    tree.insert(vma(1, 2, new Page(VmaRights.READ, false, false, -1, 0)));
    says("0x0..0x1ffe: must be whole pages", () -> tree.remove(0, 0x1ffe));
    says("0x1001..0x1fff: must be whole pages", () -> tree.in(0x1001, 0x1fff));
    says("0x2000..0x1fff: must be whole pages", () -> tree.in(0x2000, 0x1fff));
    says("nothing is mapped at 0x3000", () -> tree.replace(0x2000, 0x3fff, vma -> vma));
    says("nothing is mapped at 0x0", () -> tree.replace(0, 0x1fff, vma -> vma));
    says(
        "must keep its addresses",
        () -> tree.replace(va(1), last(2), vma -> vma.part(0x1000, 0x1fff)));
    says(
        "overlaps that at 0x1000..0x2fff",
        () -> tree.insert(vma(2, 2, new Page(VmaRights.READ, false, false, -1, 0))));
    says("gap of 0x0 bytes", () -> tree.findGap(0, -1, 0, 4096));
    says("gap of 0x1001 bytes", () -> tree.findGap(0, -1, 0x1001, 4096));
    says("alignment to 0x3000 bytes", () -> tree.findGap(0, -1, 0x1000, 0x3000));
    says("alignment to 0x400 bytes", () -> tree.findGap(0, -1, 0x1000, 0x400));
    says("not within the VMA", () -> tree.all().getFirst().part(0x1000, 0x3fff));
    says("ends before it starts", () -> vma(2, 1, new Page(VmaRights.READ, false, false, -1, 0)));
    says("give it a file", () -> vma(1, 1, new Page(VmaRights.READ, true, false, -1, 0)));
    says("page offset -1", () -> new Backing.OfFile(FILES[0], -1));
  }

  @Test
  void rightsAreWrittenAsTheyAreRead() {
    for (String text : List.of("---", "r--", "-w-", "--x", "rw-", "r-x", "rwx")) {
      assertEquals(text, VmaRights.parse(text).toString());
    }
    assertEquals(VmaRights.READ_WRITE, VmaRights.parse("rw-"));
    says("rights \"wr-\": must be like", () -> VmaRights.parse("wr-"));
    says("rights \"rwxp\": must be like", () -> VmaRights.parse("rwxp"));
  }

  @Test
  void theWholeOfTheAddressSpaceIsOneVma() {
    assertEquals(OptionalLong.of(-0x1000), tree.findGap(0, -1, 4096, 4096));
    Vma all = new Vma(0, -1, VmaRights.READ, false, false, new Backing.Anonymous(0));
    tree.insert(all);
    assertEquals(1L << 52, all.pages(PAGE_SHIFT));
    assertFalse(all.joins(all), "no VMA follows the last");
    assertEquals(OptionalLong.empty(), tree.findGap(0, -1, 4096, 4096));
    assertEquals(Optional.of(all), tree.find(-1));
    tree.remove(-0x1000, -1);
    assertEquals(OptionalLong.of(-0x1000), tree.findGap(0, -1, 4096, 4096));
  }

  private static void says(String message, Runnable request) {
    InvalidRequestException refused =
        assertThrows(InvalidRequestException.class, request::run, message);
    String text = String.valueOf(refused.getMessage());
    assertTrue(text.contains(message), text);
  }

  private void refused(Runnable request, String where) {
    assertThrows(InvalidRequestException.class, request::run, where);
    refusals++;
  }

  private Page randomPage(Random random, int first) {
    int file = random.nextInt(4) - 2;
    VmaRights rights = RIGHTS[random.nextInt(RIGHTS.length)];
    boolean locked = random.nextInt(8) == 0;
    // Mostly offsets that let neighbours go on from one another.
    long index = (long) first + (random.nextInt(4) == 0 ? 1 : 0);
    return file < 0
        ? new Page(rights, false, locked, -1, 0)
        : new Page(rights, random.nextInt(4) == 0, locked, file, index);
  }

  private static Page moved(Page page, int by) {
    return new Page(
        page.rights, page.shared, page.locked, page.file, page.file < 0 ? 0 : page.index + by);
  }

  private List<Vma> expected() {
    return runs(0, PAGES - 1);
  }

  /** The longest runs of pages that go on from one another. */
  private List<Vma> runs(int first, int last) {
    List<Vma> runs = new ArrayList<>();
    int at = first;
    while (at <= last) {
      Page page = model[at];
      int end = at;
      if (page != null) {
        while (end < last && Objects.requireNonNull(model[end]).continuesIn(model[end + 1])) {
          end++;
        }
        runs.add(vma(at, end, page));
      }
      at = end + 1;
    }
    return runs;
  }

  private boolean anyMapped(int first, int last) {
    return Arrays.stream(model, first, last + 1).anyMatch(Objects::nonNull);
  }

  private boolean allMapped(int first, int last) {
    return Arrays.stream(model, first, last + 1).allMatch(Objects::nonNull);
  }

  private Vma vma(int first, int last, Page page) {
    Backing backing =
        page.file < 0
            ? new Backing.Anonymous(va(first))
            : new Backing.OfFile(FILES[page.file], page.index);
    return new Vma(va(first), last(last), page.rights, page.shared, page.locked, backing);
  }

  private long va(int page) {
    return base + ((long) page << PAGE_SHIFT);
  }

  private long last(int page) {
    return va(page) + (1 << PAGE_SHIFT) - 1;
  }

  private int pageOf(long va) {
    return (int) ((va - base) >>> PAGE_SHIFT);
  }
}

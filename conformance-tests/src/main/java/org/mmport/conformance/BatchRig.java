package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.mmport.pgtable.FolioBounds;
import org.mmport.spi.BatchOps;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * A random program of operations on runs, beside a model that knows of entries one by one: what
 * each maps, whether it is writable, and which marks it must have and which it may have. It may
 * have those of what it was cached with at some time.
 */
final class BatchRig {
  private static final int YOUNG = 1;
  private static final int DIRTY = 2;

  private final ClauseContext c;
  private final BatchOps ops;
  private final Level level;
  private final BatchTable table;
  private final Random random;
  private final long fresh;
  private final int window;
  private final long[] physAddrs;
  private final boolean[] mapped;
  private final boolean[] writable;
  private final int[] must;
  private final int[] may;
  private final List<String> differences = new ArrayList<>();

  /** What is judged after each step. */
  @FunctionalInterface
  interface Judge {
    void judge(BatchRig rig, String step);
  }

  BatchRig(ClauseContext c, Level level, TableOwner owner, FolioBounds folios) {
    this.c = c;
    this.ops = c.variant().batchOps();
    this.level = level;
    this.table = new BatchTable(c.variant(), level, owner, folios);
    this.random = c.random();
    long leaf = Leaves.make(c, 0, protection(owner), level);
    this.fresh = c.format().mkOld(c.format().mkClean(leaf, level), level);
    this.window = Math.min(table.length(), 3 * Math.max(8, ops.runEntries(level)));
    this.physAddrs = new long[window];
    this.mapped = new boolean[window];
    this.writable = new boolean[window];
    this.must = new int[window];
    this.may = new int[window];
  }

  private static Protection protection(TableOwner owner) {
    return owner == TableOwner.USER ? Protection.PAGE_SHARED : Protection.kernel("rw-");
  }

  BatchTable table() {
    return table;
  }

  /** Entries from the first on that the program works on. */
  int window() {
    return window;
  }

  void run(int steps, Judge judge) {
    for (int i = 0; i < steps; i++) {
      String step = step();
      table.unlock();
      smear();
      judge.judge(this, step);
    }
  }

  private String step() {
    int index = random.nextInt(window);
    int nr = 1 + random.nextInt(Math.min(3, window - index));
    if (random.nextInt(4) == 0) {
      nr = 1 + random.nextInt(window - index);
    } else if (random.nextInt(3) != 0) {
      // Whole runs, which are what it is all about.
      int members = ops.runEntries(level);
      index &= -members;
      nr = members * (1 + random.nextInt((window - index) / members));
    }
    String range = "[%d, %d)".formatted(index, index + nr);
    return switch (random.nextInt(20)) {
      case 0 -> clear(index, nr);
      case 1 -> isolate(index, nr);
      case 2, 3, 4 -> mark(index);
      case 5, 6, 7, 8 -> setAccessFlags(index + random.nextInt(nr));
      case 9, 10 -> whereMapped(index, nr, "wrProtect" + range, this::wrProtect);
      case 11 -> whereMapped(index, nr, "mkOldClean" + range, this::mkOldClean);
      case 12 -> whereMapped(index, nr, "mkOld" + range, this::mkOld);
      case 13, 14 -> whereMapped(index, nr, "mkClean" + range, this::mkClean);
      default -> set(index, nr);
    };
  }

  private String isolate(int index, int nr) {
    ops.isolate(table, index, nr);
    int members = ops.runEntries(level);
    for (int i : new int[] {index, index + nr - 1}) {
      boolean inside = (i & -members) >= index && (i | (members - 1)) < index + nr;
      note(
          inside || !ops.inRun(table.get(i), level, format()),
          "isolate[%d, %d) leaves entry %d in a run with others".formatted(index, index + nr, i));
    }
    return "isolate[%d, %d)".formatted(index, index + nr);
  }

  private void note(boolean holds, String otherwise) {
    if (!holds) {
      differences.add(otherwise);
    }
  }

  @FunctionalInterface
  private interface OnRange {
    void on(int index, int nr);
  }

  private String whereMapped(int index, int nr, String name, OnRange operation) {
    for (int i = index; i < index + nr; i++) {
      if (!mapped[i]) {
        return "nothing";
      }
    }
    operation.on(index, nr);
    return name;
  }

  private String set(int index, int nr) {
    int end = index;
    while (end < index + nr && !mapped[end]) {
      end++;
    }
    if (end == index) {
      return "nothing";
    }
    long physAddr = (index + (random.nextInt(6) == 0 ? 1 : 0)) * table.spanBytes();
    int marks = random.nextInt(4);
    boolean one = random.nextBoolean();
    long raw = marked(format().withPhysAddr(fresh, physAddr, level), marks);
    for (int i = index; i < end; i++) {
      if (one) {
        long page = physAddr + (i - index) * table.spanBytes();
        ops.set(table, i, 1, format().withPhysAddr(raw, page, level));
      }
      physAddrs[i] = physAddr + (i - index) * table.spanBytes();
      mapped[i] = true;
      writable[i] = format().write(raw, level);
      must[i] = marks;
      may[i] = marks;
    }
    if (!one) {
      ops.set(table, index, end - index, raw);
    }
    return "set[%d, %d)%s".formatted(index, end, one ? " one by one" : "");
  }

  private String clear(int index, int nr) {
    int anyMust = 0;
    int anyMay = 0;
    for (int i = index; i < index + nr; i++) {
      anyMust |= must[i];
      anyMay |= may[i];
      mapped[i] = false;
      must[i] = 0;
      may[i] = 0;
    }
    boolean first = format().present(table.get(index), level);
    long raw = ops.clear(table, index, nr);
    // Noted by the caller, as the operation's contract has it.
    table.owe(index, nr, raw, format().empty(level));
    if (first) {
      int got = marks(raw);
      note((anyMust & ~got) == 0, "clear loses " + words(anyMust & ~got));
      note((got & ~anyMay) == 0, "clear invents " + words(got & ~anyMay));
    }
    return "clear[%d, %d)".formatted(index, index + nr);
  }

  private String mark(int index) {
    long raw = table.get(index);
    if (!format().valid(raw, level) || !c.has(MmuFeature.HW_ACCESSED)) {
      return "nothing";
    }
    boolean dirty = writable[index] && c.has(MmuFeature.HW_DIRTY) && random.nextBoolean();
    // Hardware may do so in any entry of what it caches as one.
    int members = ops.inRun(raw, level, format()) ? ops.runEntries(level) : 1;
    int member = (index & -members) + random.nextInt(members);
    // Its own bits and no more: what software notes beside them, soft-dirty, it knows nothing of.
    long touched = format().touched(table.get(member), level);
    table.mark(member, dirty ? format().written(touched, level) : touched);
    must[index] |= dirty ? YOUNG | DIRTY : YOUNG;
    may[index] |= must[index];
    return "hardware marks " + index;
  }

  private String setAccessFlags(int index) {
    if (!mapped[index]) {
      return "nothing";
    }
    int marks = random.nextInt(4);
    boolean write = random.nextBoolean();
    long raw = marked(format().mkOld(format().mkClean(table.get(index), level), level), marks);
    raw = write ? format().mkWrite(raw, level) : format().wrProtect(raw, level);
    ops.setAccessFlags(table, index, raw);
    writable[index] |= write;
    must[index] |= marks;
    may[index] |= marks;
    return "setAccessFlags " + index;
  }

  private void wrProtect(int index, int nr) {
    ops.wrProtect(table, index, nr);
    for (int i = index; i < index + nr; i++) {
      writable[i] = false;
    }
  }

  private void mkOld(int index, int nr) {
    boolean had = false;
    boolean mayHave = false;
    for (int i = index; i < index + nr; i++) {
      had |= (must[i] & YOUNG) != 0;
      mayHave |= (may[i] & YOUNG) != 0;
    }
    unmark(index, nr, YOUNG);
    boolean young = ops.mkOld(table, index, nr);
    note(!had || young, "mkOld says that none was young");
    note(!young || mayHave, "mkOld says that one was young");
  }

  private void mkClean(int index, int nr) {
    unmark(index, nr, DIRTY);
    ops.mkClean(table, index, nr);
  }

  private void mkOldClean(int index, int nr) {
    unmark(index, nr, YOUNG | DIRTY);
    ops.mkOldClean(table, index, nr);
  }

  /** Marks go from a range and all that is cached with any of it. */
  private void unmark(int index, int nr, int marks) {
    int members = ops.runEntries(level);
    for (int i = index; i < index + nr; i++) {
      boolean inRun = ops.inRun(table.get(i), level, format());
      int first = inRun ? i & -members : i;
      for (int j = first; j < Math.min(window, inRun ? first + members : i + 1); j++) {
        must[j] &= ~marks;
        may[j] &= ~marks;
      }
    }
  }

  /** What is cached together may have the marks of any of it from now on. */
  private void smear() {
    int members = ops.runEntries(level);
    for (int first = 0; first + members <= window; first += members) {
      if (ops.inRun(table.get(first), level, format())) {
        int any = 0;
        for (int i = first; i < first + members; i++) {
          any |= may[i];
        }
        for (int i = first; i < first + members; i++) {
          may[i] |= any;
        }
      }
    }
  }

  private PteFormat format() {
    return c.format();
  }

  private long marked(long raw, int marks) {
    long young = (marks & YOUNG) != 0 ? format().mkYoung(raw, level) : raw;
    return (marks & DIRTY) != 0 ? format().mkDirty(young, level) : young;
  }

  private int marks(long raw) {
    return (format().young(raw, level) ? YOUNG : 0) | (format().dirty(raw, level) ? DIRTY : 0);
  }

  /** Judges what a reader sees. */
  void judgeReader(String step) {
    c.check(differences.isEmpty(), level, "what the loop would have done", differences);
    // Of each run one member, since reading it reads them all.
    int members = ops.runEntries(level);
    int chosen = random.nextInt(members);
    for (int i = 0; i < window; i++) {
      if (i % members == chosen || !ops.inRun(table.get(i), level, format())) {
        int entry = i;
        judge(i, ops.get(table, i), () -> "after " + step + ", get of entry " + entry);
        judge(
            i,
            ops.getLockless(table, i),
            () -> "after " + step + ", getLockless of entry " + entry);
      }
    }
    int beside = window + random.nextInt(Math.max(1, table.length() - window));
    if (beside < table.length()) {
      long raw = table.get(beside);
      c.check(format().none(raw, level), level, raw, "nothing beside, after " + step, beside);
    }
  }

  private void judge(int index, long raw, Supplier<String> what) {
    boolean present = format().present(raw, level);
    c.check(
        present == mapped[index],
        level,
        raw,
        () -> what.get() + (mapped[index] ? " present" : " none"),
        raw);
    if (!present) {
      return;
    }
    long physAddr = format().physAddr(raw, level);
    c.check(
        physAddr == physAddrs[index],
        level,
        raw,
        () -> what.get() + " to map 0x%x".formatted(physAddrs[index]),
        physAddr);
    boolean write = format().write(raw, level);
    c.check(
        write == writable[index],
        level,
        raw,
        () -> what.get() + (write ? " read-only" : " writable"),
        write);
    int got = marks(raw);
    c.check(
        (must[index] & ~got) == 0,
        level,
        raw,
        () -> what.get() + " with marks " + words(must[index]),
        words(got));
    c.check(
        (got & ~may[index]) == 0,
        level,
        raw,
        () -> what.get() + " with no marks but " + words(may[index]),
        words(got));
  }

  private static String words(int marks) {
    return switch (marks) {
      case 0 -> "none";
      case YOUNG -> "young";
      case DIRTY -> "dirty";
      default -> "young and dirty";
    };
  }
}

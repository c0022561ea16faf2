package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.Steps;
import org.mmport.mm.KernelUpkeep;
import org.mmport.spi.EntryKind;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmportException;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.UnsupportedMmuFeatureException;

/** What a clause works with: the variant, randomness, machines, and ways to say what is wrong. */
final class ClauseContext implements AutoCloseable {
  private final ClauseInfo clause;
  private final MmuVariant variant;
  private final long seed;
  private final HardwareUse hardware;
  private final CpuFlushes cpuFlushes;
  private final KernelUpkeep kernelUpkeep;
  private final UnaryOperator<Steps> hearing;
  private final Random random;
  private final List<Machine> machines = new ArrayList<>();

  ClauseContext(
      ClauseInfo clause,
      MmuVariant variant,
      long seed,
      HardwareUse hardware,
      CpuFlushes cpuFlushes) {
    this(clause, variant, seed, hardware, cpuFlushes, KernelUpkeep.FULL);
  }

  ClauseContext(
      ClauseInfo clause,
      MmuVariant variant,
      long seed,
      HardwareUse hardware,
      CpuFlushes cpuFlushes,
      KernelUpkeep kernelUpkeep) {
    this(clause, variant, seed, hardware, cpuFlushes, kernelUpkeep, UnaryOperator.identity());
  }

  /**
   * One in which something may be wrong with the core.
   *
   * @param hearing what is heard of a core's locks by whoever listens to them
   */
  ClauseContext(
      ClauseInfo clause,
      MmuVariant variant,
      long seed,
      HardwareUse hardware,
      CpuFlushes cpuFlushes,
      KernelUpkeep kernelUpkeep,
      UnaryOperator<Steps> hearing) {
    this.hearing = hearing;
    this.cpuFlushes = cpuFlushes;
    this.kernelUpkeep = kernelUpkeep;
    this.clause = clause;
    this.variant = variant;
    this.seed = seed;
    this.hardware = hardware;
    this.random = new Random(seed);
  }

  MmuVariant variant() {
    return variant;
  }

  PagingGeometry geometry() {
    return variant.geometry();
  }

  PteFormat format() {
    return variant.format();
  }

  Random random() {
    return random;
  }

  CpuFlushes cpuFlushes() {
    return cpuFlushes;
  }

  /** How the kernel's half is kept up: wrongly, to see that it is noticed. */
  KernelUpkeep kernelUpkeep() {
    return kernelUpkeep;
  }

  /** What is to be given to a machine so that somebody hears of its locks. */
  Steps hearing(Steps listener) {
    return hearing.apply(listener);
  }

  HardwareUse hardware() {
    return hardware;
  }

  boolean has(MmuFeature feature) {
    return variant.has(feature);
  }

  /** A machine of its own, closed when the clause ends. */
  Machine machine() {
    Machine machine = new Machine(variant);
    machines.add(machine);
    return machine;
  }

  /** The levels that have tables, root first. */
  List<Level> realLevels() {
    return Samples.realLevels(geometry());
  }

  /** The levels whose entries may map memory. */
  List<Level> leafLevels() {
    return realLevels().stream().filter(l -> geometry().at(l).leafAllowed()).toList();
  }

  /** Whether the format has entries of a kind. */
  boolean hasKind(EntryKind kind) {
    return format().fields().stream().anyMatch(field -> field.kinds().contains(kind));
  }

  /** What an entry of a level that points at a table is: roots may have entries of their own. */
  EntryKind tableKind(Level level) {
    return level == geometry().rootLevel() && hasKind(EntryKind.ROOT)
        ? EntryKind.ROOT
        : EntryKind.TABLE;
  }

  /** The levels at which swap and migration entries can stand. */
  List<Level> swapLevels() {
    return leafLevels().stream().filter(l -> l == Level.PTE || has(MmuFeature.HUGE_SWAP)).toList();
  }

  /** A swap entry, or an empty one at a level where there are no swap entries. */
  long swapOrEmpty(Level level) {
    return swapLevels().contains(level) ? format().mkSwap(1, 1, level) : format().empty(level);
  }

  /** The levels above PTE whose entries may map memory; not applicable where there are none. */
  List<Level> hugeLevels() {
    List<Level> levels = leafLevels().stream().filter(l -> l != Level.PTE).toList();
    if (levels.isEmpty()) {
      throw notApplicable(variant.id() + " has no leaves above PTE");
    }
    return levels;
  }

  /** The levels whose entries point at tables; not applicable where there are none. */
  List<Level> tableLevels() {
    List<Level> levels = realLevels().stream().filter(l -> l != Level.PTE).toList();
    if (levels.isEmpty()) {
      throw notApplicable(variant.id() + " has one level, and so no entries for tables");
    }
    return levels;
  }

  ClauseNotApplicable notApplicable(String reason) {
    return new ClauseNotApplicable(reason);
  }

  // Judgements: each ends the clause when it does not hold.

  void check(boolean holds, String expected, Object found) {
    if (!holds) {
      throw failure("", expected, found);
    }
  }

  void check(boolean holds, Level level, String expected, Object found) {
    if (!holds) {
      throw failure(" " + level, expected, found);
    }
  }

  void check(boolean holds, Level level, long raw, String expected, Object found) {
    if (!holds) {
      throw failure(" %s raw=%s".formatted(level, hex(raw)), expected, found);
    }
  }

  void checkVa(boolean holds, long va, String expected, Object found) {
    if (!holds) {
      throw failure(" va=" + hex(va), expected, found);
    }
  }

  void checkVa(boolean holds, Level level, long va, long raw, String expected, Object found) {
    if (!holds) {
      throw failure(" %s va=%s raw=%s".formatted(level, hex(va), hex(raw)), expected, found);
    }
  }

  // The same in loops that judge each entry: words for the case that it is wrong take longer.

  void check(boolean holds, Level level, long raw, Supplier<String> expected, Object found) {
    if (!holds) {
      check(false, level, raw, expected.get(), found);
    }
  }

  void checkVa(
      boolean holds, Level level, long va, long raw, Supplier<String> expected, Object found) {
    if (!holds) {
      checkVa(false, level, va, raw, expected.get(), found);
    }
  }

  /** Two numbers that must be the same. */
  void same(long expected, long found, Level level, long raw, String what) {
    if (expected != found) {
      throw failure(
          " %s raw=%s".formatted(level, hex(raw)), what + " " + hex(expected), hex(found));
    }
  }

  /** An action that must be refused because an argument breaks a rule. */
  void refused(String what, Runnable action) {
    try {
      action.run();
    } catch (InvalidRequestException e) {
      requireLine(what, e);
      return;
    }
    throw failure("", what + " refused with InvalidRequestException", "it was accepted");
  }

  /** An action that must be refused because the variant lacks a feature. */
  void unsupported(MmuFeature feature, String what, Runnable action) {
    try {
      action.run();
    } catch (UnsupportedMmuFeatureException e) {
      requireLine(what, e);
      check(e.feature() == feature, what + " refused for lack of " + feature, e.feature());
      return;
    }
    throw failure("", what + " refused with UnsupportedMmuFeatureException", "it was accepted");
  }

  /** An action for which there is no memory. */
  void outOfFrames(String what, Runnable action) {
    try {
      action.run();
    } catch (OutOfFramesException e) {
      requireLine(what, e);
      return;
    }
    throw failure("", what + " refused with OutOfFramesException", "it was accepted");
  }

  private void requireLine(String what, MmportException e) {
    String message = String.valueOf(e.getMessage());
    check(
        !message.isBlank() && message.lines().count() == 1,
        what + " refused in one line",
        "'" + message + "'");
  }

  ClauseFailure failure(String where, String expected, Object found) {
    Object shown = found instanceof Long number ? hex(number) : found;
    return new ClauseFailure(line(where, "expected " + expected + ", found " + shown));
  }

  /** A whole line of a report. */
  String line(String where, String what) {
    return "%s %s%s: %s; rerun: ./mmport conform %s --clause %s --seed %d"
        .formatted(clause.id(), variant.id(), where, what, variant.id(), clause.id(), seed);
  }

  static String hex(long value) {
    return "0x%016x".formatted(value);
  }

  @Override
  public void close() {
    machines.forEach(Machine::close);
  }
}

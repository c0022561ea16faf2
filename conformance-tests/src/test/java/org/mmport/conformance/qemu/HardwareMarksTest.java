package org.mmport.conformance.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.conformance.ConformanceSuite;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * What formats say that hardware leaves in entries against what the states of CPUs say of the same
 * ones, which QEMU's MMU was asked about (HW-04).
 */
class HardwareMarksTest {
  private static final int ENTRIES = 20_000;

  static List<MmuVariant> variants() {
    return ConformanceSuite.variants().stream().filter(v -> state(v).isPresent()).toList();
  }

  /** The state in which hardware leaves all marks that the variant is said to have. */
  private static Optional<CpuState> state(MmuVariant variant) {
    if (!variant.has(MmuFeature.HW_ACCESSED) || !variant.has(MmuFeature.HW_DIRTY)) {
      return Optional.empty();
    }
    Stream<CpuState> intel =
        Arrays.stream(X86Mode.values())
            .filter(mode -> mode.variant().equals(variant.id()))
            .map(X86State::usual);
    Stream<CpuState> arm =
        Arrays.stream(Arm64Regime.values())
            .filter(regime -> regime.variant().equals(variant.id()))
            .map(Arm64State::usual);
    Stream<CpuState> power =
        Stream.of("ppc64/radix-4k", "ppc64/radix-64k")
            .filter(variant.id()::equals)
            .map(id -> new Ppc64RadixState(0, false, false, false));
    return Stream.of(intel, arm, power).flatMap(states -> states).findFirst();
  }

  @Test
  void everyPortIsJudged() {
    assertTrue(variants().size() >= 16, variants().toString());
  }

  @ParameterizedTest
  @MethodSource("variants")
  void formatsSayWhatHardwareLeaves(MmuVariant variant) {
    CpuState state = state(variant).orElseThrow();
    PteFormat format = variant.format();
    Random random = new Random(42);
    List<Level> seen = new ArrayList<>();
    for (Level level : Level.values()) {
      if (variant.geometry().at(level).isFolded()) {
        continue;
      }
      for (int i = 0; i < ENTRIES; i++) {
        // Few bits, so that fields that must be zero often are; top and valid bit more often.
        long few = random.nextLong();
        few &= random.nextLong();
        long bits = few | ((1L << 63) & random.nextLong()) | 1;
        long raw = variant.geometry().entryBytes() == 4 ? bits & 0xffff_ffffL : bits;
        raw = made(variant, raw, level, i);
        if (!format.valid(raw, level) || format.reserved(raw, level) != 0) {
          continue;
        }
        seen.add(level);
        String entry = "%s %s 0x%016x".formatted(variant, level, raw);
        assertEquals(state.used(raw, level), format.touched(raw, level), entry);
        if (format.leaf(raw, level)) {
          assertEquals(state.written(raw, level), format.written(raw, level), entry);
        }
      }
    }
    long judged = seen.stream().distinct().count();
    long levels =
        Arrays.stream(Level.values()).filter(l -> !variant.geometry().at(l).isFolded()).count();
    assertEquals(levels, judged, variant + " levels with entries to judge");
    assertTrue(seen.size() > 1000, variant + " " + seen.size() + " entries");
  }

  /** Random bits, and now and then in an entry that is sane, so that few bits are reserved. */
  private static long made(MmuVariant variant, long bits, Level level, int i) {
    if (i % 2 == 0) {
      return bits;
    }
    PteFormat format = variant.format();
    long marks = format.bits().young() | format.bits().dirty() | format.bits().write();
    long frame = 0;
    long sane =
        level == Level.PTE || (i % 4 == 1 && variant.geometry().at(level).leafAllowed())
            ? format.mkLeaf(frame, format.pgprot(Protection.PAGE_SHARED), level)
            : format.mkTable(frame, level, TableOwner.USER);
    long sown = level == variant.geometry().rootLevel() && i % 4 == 3 ? 0 : marks;
    return sane ^ (bits & sown & (format.leaf(sane, level) ? -1 : format.bits().youngTable()));
  }
}

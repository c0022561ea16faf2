package org.mmport.conformance;

import java.util.function.Consumer;
import org.mmport.conformance.qemu.HardwareDiffers;
import org.mmport.conformance.qemu.HardwareJudge;
import org.mmport.conformance.qemu.QemuException;

/** HW: what a real MMU, QEMU's, makes of our tables. */
final class HwClauses {
  private HwClauses() {}

  @Clause(
      id = "HW-01",
      text = "The MMU translates every address as the walker says, and faults where it says so",
      source = "QEMU's gva2gpa on random tables with leaves of all sizes and holes; manuals",
      check = "physAddr, tableAddr, frameMask, leaf, valid; the geometry")
  static void translations(ClauseContext c) {
    judge(c, judge -> judge.translations("HW-01", c.random()));
  }

  @Clause(
      id = "HW-02",
      text = "The MMU's own list of what is mapped is the visitor's: address, frame, flags",
      source = "QEMU's info tlb on random tables",
      check = "TableWalker.visit; young, global and rights of the leaf alone")
  static void listing(ClauseContext c) {
    judge(
        c,
        judge -> {
          if (!judge.listing("HW-02", c.random())) {
            throw c.notApplicable("QEMU cannot list what " + c.variant().id() + " maps");
          }
        });
  }

  @Clause(
      id = "HW-03",
      text =
          "Reads, writes and fetches of kernel and user end as the rights of all levels say, in every state of the CPU",
      source =
          "a guest in QEMU does them: WP, SMEP, SMAP, NXE and what other CPUs have; fault codes as in the manuals",
      check = "rights and reserved at the level named; then what the reserved bits of tables are")
  static void outcomes(ClauseContext c) {
    judge(c, judge -> judge.outcomes("HW-03", c.random()));
  }

  @Clause(
      id = "HW-04",
      text =
          "What hardware leaves in entries after accesses is what the port calls young and dirty",
      source = "a guest in QEMU; manuals: accessed and dirty flags",
      check = "the fields of roles YOUNG and DIRTY; HW_ACCESSED and HW_DIRTY")
  static void marks(ClauseContext c) {
    judge(c, judge -> judge.marks("HW-04", c.random()));
  }

  @Clause(
      id = "HW-05",
      text =
          "After the flush that TlbRules ask for, no access ends as before the change; with no flush asked for, at once",
      source =
          "a guest in QEMU, whose TLB holds what was there: entries of every level changed; manuals: TLB maintenance",
      check = "TlbRules.duty for the change named: scope, and changes that need no flush")
  static void staleEntries(ClauseContext c) {
    judge(c, judge -> judge.staleEntries("HW-05", c.random()));
  }

  @Clause(
      id = "HW-06",
      text =
          "What is mapped, protected and unmapped through the core is what hardware then permits, and nothing else is",
      source =
          "a guest in QEMU; expected from what was asked for, with no flush but those of the gather",
      check = "pgprot, mkLeaf, modify, splitLeaf, mkTable; TlbRules")
  static void builtTables(ClauseContext c) {
    judge(c, judge -> judge.builtTables("HW-06", c.random()));
  }

  private static void judge(ClauseContext c, Consumer<HardwareJudge> judgement) {
    HardwareJudge judge =
        HardwareJudge.of(c.variant())
            .orElseThrow(() -> c.notApplicable("no machine of QEMU for " + c.variant().id()));
    if (c.hardware() == HardwareUse.OFF) {
      throw c.notApplicable("takes seconds: run with --hw");
    }
    if (!judge.isInstalled()) {
      if (c.hardware() == HardwareUse.REQUIRED) {
        throw c.failure("", judge.binary() + " in PATH", "none");
      }
      throw c.notApplicable(judge.binary() + " not found");
    }
    try {
      judgement.accept(judge);
    } catch (HardwareDiffers e) {
      throw c.failure(e.where(), e.expected(), e.found());
    } catch (QemuException e) {
      throw c.failure("", "QEMU to do what it is told", String.valueOf(e.getMessage()));
    }
  }
}

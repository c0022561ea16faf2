package org.mmport.conformance;

import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;

/** FMT 01 to 19: the laws of young, dirty and write, on leaves of every level and protection. */
final class FmtLawClauses {
  private static final String BASIC = "kernel: pte_basic_tests, pmd_basic_tests, pud_basic_tests";

  private FmtLawClauses() {}

  @Clause(
      id = "FMT-01",
      text = "mkYoung makes a leaf young",
      source = BASIC,
      check = "mkYoung, young, and the field of role YOUNG")
  static void mkYoungIsYoung(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> c.check(f.young(f.mkYoung(raw, l), l), l, raw, "young after mkYoung", "old"));
  }

  @Clause(
      id = "FMT-02",
      text = "mkOld makes a leaf old",
      source = BASIC,
      check = "mkOld, young, and the field of role YOUNG")
  static void mkOldIsOld(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c, (raw, l) -> c.check(!f.young(f.mkOld(raw, l), l), l, raw, "old after mkOld", "young"));
  }

  @Clause(
      id = "FMT-03",
      text = "mkDirty makes a leaf dirty",
      source = BASIC + "; hugetlb_basic_tests",
      check = "mkDirty, dirty, and where dirty moves in leaves that are not writable")
  static void mkDirtyIsDirty(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> c.check(f.dirty(f.mkDirty(raw, l), l), l, raw, "dirty after mkDirty", "clean"));
  }

  @Clause(
      id = "FMT-04",
      text = "mkClean makes a leaf clean",
      source = BASIC,
      check = "mkClean: all bits that dirty looks at")
  static void mkCleanIsClean(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) ->
            c.check(!f.dirty(f.mkClean(raw, l), l), l, raw, "clean after mkClean", "dirty"));
  }

  @Clause(
      id = "FMT-05",
      text = "mkWrite makes a leaf writable, also after wrProtect",
      source = BASIC + "; hugetlb_basic_tests",
      check = "mkWrite and write")
  static void mkWriteIsWritable(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          c.check(f.write(f.mkWrite(raw, l), l), l, raw, "writable after mkWrite", "read-only");
          long again = f.mkWrite(f.wrProtect(raw, l), l);
          c.check(f.write(again, l), l, raw, "writable after wrProtect and mkWrite", "read-only");
        });
  }

  @RestsOn("FMT-10")
  @Clause(
      id = "FMT-06",
      text = "wrProtect takes write permission away, also after mkWrite",
      source = BASIC + "; hugetlb_basic_tests",
      check = "wrProtect and write")
  static void wrProtectIsReadOnly(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          c.check(
              !f.write(f.wrProtect(raw, l), l), l, raw, "read-only after wrProtect", "writable");
          long again = f.wrProtect(f.mkWrite(raw, l), l);
          c.check(!f.write(again, l), l, raw, "read-only after mkWrite and wrProtect", "writable");
        });
  }

  @Clause(
      id = "FMT-07",
      text = "wrProtect keeps a dirty leaf dirty and a clean one clean",
      source = BASIC,
      check = "where wrProtect moves hardware's dirty bit")
  static void wrProtectKeepsDirty(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) ->
            c.check(
                f.dirty(f.wrProtect(raw, l), l) == f.dirty(raw, l),
                l,
                raw,
                "dirty=" + f.dirty(raw, l) + " after wrProtect",
                f.dirty(f.wrProtect(raw, l), l)));
  }

  @Clause(
      id = "FMT-08",
      text = "mkWrite keeps a dirty leaf dirty and a clean one clean",
      source = BASIC,
      check = "what mkWrite does to the dirty bits")
  static void mkWriteKeepsDirty(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) ->
            c.check(
                f.dirty(f.mkWrite(raw, l), l) == f.dirty(raw, l),
                l,
                raw,
                "dirty=" + f.dirty(raw, l) + " after mkWrite",
                f.dirty(f.mkWrite(raw, l), l)));
  }

  @Clause(
      id = "FMT-09",
      text = "mkDirty and mkClean leave write permission as it was",
      source = BASIC,
      check = "whether dirty and write share a bit, and the calls that change it")
  static void dirtyLeavesWrite(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          boolean write = f.write(raw, l);
          c.check(
              f.write(f.mkDirty(raw, l), l) == write,
              l,
              raw,
              "write=" + write + " after mkDirty",
              !write);
          c.check(
              f.write(f.mkClean(raw, l), l) == write,
              l,
              raw,
              "write=" + write + " after mkClean",
              !write);
        });
  }

  @Clause(
      id = "FMT-10",
      text = "mkYoung and mkOld change nothing but young: an old leaf is no less writable",
      source = BASIC + "; bug class 16: the access flag taken as write permission",
      check = "the masks of write, dirty and young: do they overlap")
  static void youngIsNoOtherBit(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          for (long other : new long[] {f.mkYoung(raw, l), f.mkOld(raw, l)}) {
            c.check(
                f.write(other, l) == f.write(raw, l),
                l,
                raw,
                "write unchanged by young and old",
                f.write(other, l));
            c.check(
                f.dirty(other, l) == f.dirty(raw, l),
                l,
                raw,
                "dirty unchanged by young and old",
                f.dirty(other, l));
          }
        });
  }

  @Clause(
      id = "FMT-11",
      text = "mkDirty, mkClean, mkWrite and wrProtect leave young as it was",
      source = BASIC,
      check = "the masks that these use")
  static void othersLeaveYoung(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          boolean young = f.young(raw, l);
          for (long other : others(f, raw, l)) {
            c.check(
                f.young(other, l) == young,
                l,
                raw,
                "young=" + young + " unchanged",
                ClauseContext.hex(other));
          }
        });
  }

  @Clause(
      id = "FMT-12",
      text = "No change of young, dirty or write moves what a leaf maps",
      source = BASIC + "; bug class 5",
      check = "masks that reach into the frame bits, in entries that hold them inverted too")
  static void changesKeepTheAddress(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          for (long other : changes(f, raw, l)) {
            c.same(f.physAddr(raw, l), f.physAddr(other, l), l, other, "address");
          }
        });
  }

  @RestsOn("FMT-40")
  @Clause(
      id = "FMT-13",
      text =
          "No change of young, dirty or write makes a leaf valid or invalid, or anything but a leaf",
      source = BASIC + "; pte_protnone_tests",
      check = "masks that reach the valid bit or the bit that tells leaves from tables")
  static void changesKeepTheKind(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          for (long other : changes(f, raw, l)) {
            c.check(
                f.valid(other, l) == f.valid(raw, l),
                l,
                other,
                "valid=" + f.valid(raw, l),
                f.valid(other, l));
            c.check(
                f.protnone(other, l) == f.protnone(raw, l),
                l,
                other,
                "protnone unchanged",
                f.protnone(other, l));
            c.check(
                f.present(other, l) && f.leaf(other, l),
                l,
                other,
                "a present leaf",
                "none, or a table");
          }
        });
  }

  @Clause(
      id = "FMT-14",
      text = "Doing the same change twice is doing it once",
      source = "kernel: helpers are pure functions of the value",
      check = "a change that toggles or shifts where it should set or clear")
  static void changesAreIdempotent(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          c.same(
              f.mkYoung(raw, l), f.mkYoung(f.mkYoung(raw, l), l), l, raw, "mkYoung twice as once");
          c.same(f.mkOld(raw, l), f.mkOld(f.mkOld(raw, l), l), l, raw, "mkOld twice as once");
          c.same(
              f.mkDirty(raw, l), f.mkDirty(f.mkDirty(raw, l), l), l, raw, "mkDirty twice as once");
          c.same(
              f.mkClean(raw, l), f.mkClean(f.mkClean(raw, l), l), l, raw, "mkClean twice as once");
          c.same(
              f.mkWrite(raw, l), f.mkWrite(f.mkWrite(raw, l), l), l, raw, "mkWrite twice as once");
          c.same(
              f.wrProtect(raw, l),
              f.wrProtect(f.wrProtect(raw, l), l),
              l,
              raw,
              "wrProtect twice as once");
        });
  }

  @Clause(
      id = "FMT-15",
      text = "A fresh user leaf is clean, whatever its protection",
      source = "kernel: pte_basic_tests (no protection_map entry is dirty)",
      check = "pgprot: dirty bits in user protections")
  static void freshUserLeavesAreClean(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.USER,
        (raw, l, protection, physAddr) -> {
          c.check(!f.dirty(raw, l), l, raw, "clean for " + protection, "dirty");
          c.check(!f.dirty(f.wrProtect(raw, l), l), l, raw, "clean after wrProtect", "dirty");
        });
  }

  @Clause(
      id = "FMT-16",
      text =
          "Changes of young, dirty and write leave no-execute, user, global and key as they were",
      source = BASIC,
      check = "masks that overlap those fields")
  static void changesKeepOtherFields(ClauseContext c) {
    PteFormat f = c.format();
    long kept = 0;
    long changing = 0;
    for (EntryField field : f.fields()) {
      if (field.kinds().contains(EntryKind.PAGE) || field.kinds().contains(EntryKind.HUGE)) {
        switch (field.role()) {
          case NO_EXEC, EXEC, USER, GLOBAL, NOT_GLOBAL_OR_INVALIDATED, KEY, SPECIAL, UFFD_WP ->
              kept |= field.mask();
          case DIRTY, WRITE, YOUNG, SOFT_DIRTY -> changing |= field.mask();
          default -> {}
        }
      }
    }
    long mask = kept & ~changing;
    Leaves.all(
        c,
        (raw, l) -> {
          for (long other : changes(f, raw, l)) {
            c.same(raw & mask, other & mask, l, other, "bits outside young, dirty and write");
          }
        });
  }

  @RestsOn("FMT-10")
  @Clause(
      id = "FMT-18",
      text = "Where dirty has a place aside, hardware's bit is set in no leaf that is not writable",
      source =
          "Intel SDM volume 3A, 4.6: R/W=0 with D=1 is a shadow stack; kernel: mksaveddirty_shift",
      check = "that mkDirty, wrProtect and modify move the bit, and mkWrite moves it back")
  static void savedDirtyIsAside(ClauseContext c) {
    PteFormat f = c.format();
    long saved = f.bits().savedDirty();
    long hardware = f.bits().dirty() & ~saved;
    if (saved == 0) {
      throw c.notApplicable(c.variant().id() + " has one dirty bit");
    }
    Leaves.all(
        c,
        Samples.ACCESSIBLE,
        (raw, l) -> {
          long wrong = f.write(raw, l) ? saved : hardware;
          c.same(0, raw & wrong, l, raw, "nothing in the other dirty bit,");
          long modified = f.modify(raw, f.pgprot(Protection.PAGE_READONLY), l);
          c.same(
              0, modified & hardware, l, modified, "nothing in hardware's dirty bit after modify,");
        });
  }

  @Clause(
      id = "FMT-17",
      text = "Nothing that a port makes has bits beyond the entry's width",
      source = "SPI: PagingGeometry.entryBytes; entries of 4 bytes",
      check = "constants that do not fit a 32-bit entry; sign extension")
  static void entriesFitTheirWidth(ClauseContext c) {
    PteFormat f = c.format();
    long beyond = c.geometry().entryBytes() == 8 ? 0 : -1L << (8 * c.geometry().entryBytes());
    Leaves.all(c, (raw, l) -> c.same(0, raw & beyond, l, raw, "bits beyond the entry"));
    for (Level l : c.leafLevels()) {
      c.same(0, f.empty(l) & beyond, l, f.empty(l), "bits beyond the entry");
    }
  }

  private static long[] others(PteFormat f, long raw, Level l) {
    return new long[] {
      f.mkDirty(raw, l), f.mkClean(raw, l), f.mkWrite(raw, l), f.wrProtect(raw, l)
    };
  }

  private static long[] changes(PteFormat f, long raw, Level l) {
    return new long[] {
      f.mkYoung(raw, l),
      f.mkOld(raw, l),
      f.mkDirty(raw, l),
      f.mkClean(raw, l),
      f.mkWrite(raw, l),
      f.wrProtect(raw, l)
    };
  }
}

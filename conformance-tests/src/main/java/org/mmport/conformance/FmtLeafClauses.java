package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MemoryType;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** FMT 20 to 29 and 35 to 39: what leaves map, with which rights and attributes. */
final class FmtLeafClauses {
  private FmtLeafClauses() {}

  @RestsOn("GEO-08")
  @Clause(
      id = "FMT-20",
      text =
          "A leaf maps the address that it was made for: every frame bit, and physical address 0",
      source = "kernel: pfn_pte and pte_pfn; bug classes 5 and 19",
      check = "frameMask of the level; entries that split, shift or invert the address")
  static void addressRoundTrip(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      for (long physAddr : Samples.physAddrs(c, level)) {
        for (Protection protection : Samples.ACCESSIBLE) {
          long raw = Leaves.make(c, physAddr, protection, level);
          c.same(physAddr, c.format().physAddr(raw, level), level, raw, "address");
        }
      }
    }
  }

  @Clause(
      id = "FMT-21",
      text = "A fresh leaf is a present, valid leaf of its level, at physical address 0 too",
      source = "kernel: pmd_leaf_tests, pud_leaf_tests; bug class 19",
      check = "mkLeaf: the valid bit, and the bit that tells leaves from tables")
  static void freshLeafIsValid(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.ACCESSIBLE,
        (raw, l, protection, physAddr) -> {
          c.check(f.valid(raw, l), l, raw, "valid for " + protection, "invalid");
          c.check(f.present(raw, l), l, raw, "present for " + protection, "not present");
          c.check(f.leaf(raw, l), l, raw, "a leaf for " + protection, "a table");
          c.check(
              !f.none(raw, l) && !f.swap(raw, l), l, raw, "neither none nor swap", "none or swap");
          c.same(0, f.reserved(raw, l), l, raw, "reserved bits");
        });
  }

  @RestsOn("FMT-20")
  @Clause(
      id = "FMT-22",
      text = "withPhysAddr moves a leaf and keeps everything else, over carries into any frame bit",
      source = "kernel: pte_advance_pfn, set_ptes",
      check = "withPhysAddr: all of frameMask, and nothing but it")
  static void withPhysAddrMoves(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      long spanBytes = Samples.spanBytes(c.geometry(), level);
      for (Protection protection : Samples.ALL) {
        for (long to : Samples.physAddrs(c, level)) {
          long from = to == 0 ? Samples.lastPhysAddr(c.geometry(), level) : to - spanBytes;
          long raw = Leaves.make(c, from, protection, level);
          long moved = f.withPhysAddr(raw, to, level);
          c.same(
              Leaves.make(c, to, protection, level), moved, level, raw, "the same leaf elsewhere");
        }
      }
    }
  }

  @Clause(
      id = "FMT-23",
      text = "User leaves give user code what was asked for: read and execute at once",
      source = "kernel: protection_map",
      check = "pgprot and rights for user protections")
  static void userRightsAreGiven(ClauseContext c) {
    Leaves.fresh(
        c,
        Samples.USER.stream().filter(p -> !p.isNone()).toList(),
        (raw, l, protection, physAddr) -> {
          int rights = c.format().rights(c.format().mkYoung(raw, l), l);
          boolean exec = protection.exec() && c.has(MmuFeature.NO_EXECUTE);
          int needed = (protection.read() ? Rights.USER_READ : 0) | (exec ? Rights.USER_EXEC : 0);
          c.check(
              (rights & needed) == needed,
              l,
              raw,
              "rights " + GoldenRows.letters(needed) + " for " + protection,
              GoldenRows.letters(rights));
        });
  }

  @RestsOn({"FMT-09", "FMT-29"})
  @Clause(
      id = "FMT-24",
      text = "Kernel leaves give the kernel what was asked for, and user code nothing",
      source = "kernel: PAGE_KERNEL, PAGE_KERNEL_RO, PAGE_KERNEL_EXEC, PAGE_KERNEL_ROX",
      check = "pgprot for kernel protections: the user bit, and write")
  static void kernelRights(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.KERNEL,
        (raw, l, protection, physAddr) -> {
          int rights = f.rights(f.mkYoung(raw, l), l);
          int needed = Rights.KERNEL_READ | (protection.exec() ? Rights.KERNEL_EXEC : 0);
          c.check(
              (rights & needed) == needed,
              l,
              raw,
              "kernel rights for " + protection,
              GoldenRows.letters(rights));
          c.check(
              !Rights.user(rights),
              l,
              raw,
              "no user rights for " + protection,
              GoldenRows.letters(rights));
          int written = f.rights(f.mkDirty(f.mkYoung(raw, l), l), l) & Rights.KERNEL_WRITE;
          boolean write = written != 0;
          c.check(
              write == protection.write(),
              l,
              raw,
              "write=" + protection.write() + " for " + protection,
              write);
        });
  }

  @Clause(
      id = "FMT-25",
      text = "What was not asked to be executed cannot be, at any level of leaf",
      source = "kernel: protection_map; PAGE_KERNEL is NX",
      check = "the no-execute bit in pgprot, and whether mkLeaf loses it above PTE",
      requires = MmuFeature.NO_EXECUTE)
  static void noExecuteHolds(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.ACCESSIBLE.stream().filter(p -> !p.exec()).toList(),
        (raw, l, protection, physAddr) -> {
          int rights = f.rights(raw, l);
          int exec =
              protection.owner() == TableOwner.KERNEL ? Rights.KERNEL_EXEC : Rights.USER_EXEC;
          c.check(
              (rights & exec) == 0,
              l,
              raw,
              "no execution for " + protection,
              GoldenRows.letters(rights));
        });
  }

  @Clause(
      id = "FMT-26",
      text = "Without no-execute bits, whatever can be read can be executed, and decoding says so",
      source = "SPI: MmuFeature.NO_EXECUTE, absent",
      check = "rights: execution that hardware cannot forbid",
      absent = MmuFeature.NO_EXECUTE)
  static void executionCannotBeForbidden(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.USER.stream().filter(Protection::read).toList(),
        (raw, l, protection, physAddr) -> {
          int rights = f.rights(f.mkYoung(raw, l), l);
          c.check(
              (rights & Rights.USER_EXEC) != 0,
              l,
              raw,
              "execution for " + protection,
              GoldenRows.letters(rights));
        });
  }

  @Clause(
      id = "FMT-27",
      text = "A shared writable leaf that was made dirty can be written by user code",
      source = "kernel: protection_map (PAGE_SHARED); bug class 18 (LoongArch: dirty with write)",
      check = "pgprot and rights; on hardware that catches the first write, only once dirty")
  static void sharedWritableIsWritten(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.USER.stream().filter(p -> p.write() && p.shared()).toList(),
        (raw, l, protection, physAddr) -> {
          c.check(f.write(raw, l), l, raw, "writable for " + protection, "read-only");
          int rights = f.rights(f.mkDirty(f.mkYoung(raw, l), l), l);
          c.check(
              (rights & Rights.USER_WRITE) != 0,
              l,
              raw,
              "user write once dirty for " + protection,
              GoldenRows.letters(rights));
        });
  }

  @RestsOn({"FMT-06", "FMT-09", "FMT-29"})
  @Clause(
      id = "FMT-28",
      text = "A private writable leaf cannot be written: the first write must fault, to copy",
      source = "kernel: protection_map (PAGE_COPY)",
      check = "pgprot: write only where the protection is shared")
  static void privateWritableIsCopied(ClauseContext c) {
    notWritable(
        c, Samples.USER.stream().filter(p -> !p.isNone() && !(p.write() && p.shared())).toList());
  }

  @Clause(
      id = "FMT-29",
      text = "Neither young nor dirty gives a write-protected leaf a right to be written",
      source = "bug class 16: the access flag taken as write permission (memflow, arm64)",
      check = "rights: which bit it takes for write")
  static void youngAndDirtyGiveNoRights(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        Samples.ACCESSIBLE,
        (raw, l) -> {
          int rights = f.rights(f.wrProtect(raw, l), l);
          c.check(
              (rights & Rights.WRITE) == 0,
              l,
              f.wrProtect(raw, l),
              "no write right",
              GoldenRows.letters(rights));
        });
  }

  @RestsOn("FMT-20")
  @Clause(
      id = "FMT-35",
      text =
          "A memory type never changes what a leaf maps, nor that it is a leaf; write-back is always to be had",
      source = "Intel SDM volume 3A, 4.9.2 (PAT in two places); bug class 5",
      check =
          "where the type's bits lie in leaves of each level: at PTE x86 has PAT where PS is above")
  static void memoryTypesAreNotAddresses(ClauseContext c) {
    PteFormat f = c.format();
    for (MemoryType type : MemoryType.values()) {
      Protection typed = Protection.PAGE_SHARED.withMemoryType(type);
      if (!accepted(f, typed)) {
        c.check(type != MemoryType.WRITE_BACK, "write-back accepted", "it was refused");
        continue;
      }
      for (Level level : c.leafLevels()) {
        for (long physAddr : Samples.physAddrs(c, level)) {
          long raw = Leaves.make(c, physAddr, typed, level);
          c.same(physAddr, f.physAddr(raw, level), level, raw, type + " at address");
          c.check(
              f.leaf(raw, level) && f.valid(raw, level),
              level,
              raw,
              "a valid leaf of type " + type,
              "none");
          c.same(0, f.reserved(raw, level), level, raw, "reserved bits of type " + type);
        }
      }
    }
  }

  @RestsOn("FMT-20")
  @Clause(
      id = "FMT-36",
      text = "Every protection key fits into a leaf and comes back; one more is refused",
      source = "kernel: VM_PKEY_*; Intel SDM volume 3A, 4.6.2",
      check = "pgprot: where it puts the key, and its range check",
      requires = MmuFeature.PROTECTION_KEYS)
  static void protectionKeys(ClauseContext c) {
    PteFormat f = c.format();
    int keys = 1 << Long.bitCount(f.bits().key());
    for (Level level : c.leafLevels()) {
      long physAddr = Samples.physAddr(c, level);
      for (int key = 0; key < keys; key++) {
        long raw = Leaves.make(c, physAddr, Protection.PAGE_SHARED.withKey(key), level);
        c.same(key, Long.compress(raw, f.bits().key()), level, raw, "protection key");
        c.same(physAddr, f.physAddr(raw, level), level, raw, "address with key " + key);
      }
    }
    c.refused("protection key " + keys, () -> f.pgprot(Protection.PAGE_SHARED.withKey(keys)));
    c.refused("protection key -1", () -> f.pgprot(Protection.PAGE_SHARED.withKey(-1)));
  }

  @Clause(
      id = "FMT-37",
      text = "Without protection keys, any key but 0 is refused",
      source = "SPI: PteFormat.pgprot; MmuFeature.PROTECTION_KEYS, absent",
      check = "pgprot: a key that is dropped silently",
      absent = MmuFeature.PROTECTION_KEYS)
  static void noProtectionKeys(ClauseContext c) {
    c.refused("protection key 1", () -> c.format().pgprot(Protection.PAGE_SHARED.withKey(1)));
  }

  @Clause(
      id = "FMT-38",
      text = "Kernel leaves are global and user leaves are not",
      source = "kernel: _PAGE_GLOBAL in PAGE_KERNEL, nG in user protections",
      check = "pgprot and global; the bit may mean PROT_NONE in entries that are not valid",
      requires = MmuFeature.GLOBAL_PAGES)
  static void kernelLeavesAreGlobal(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.ALL,
        (raw, l, protection, physAddr) -> {
          boolean kernel = protection.owner() == TableOwner.KERNEL;
          c.check(
              f.global(raw, l) == kernel,
              l,
              raw,
              "global=" + kernel + " for " + protection,
              f.global(raw, l));
        });
  }

  @Clause(
      id = "FMT-39",
      text = "Without global pages no leaf is global",
      source = "SPI: MmuFeature.GLOBAL_PAGES, absent",
      check = "global",
      absent = MmuFeature.GLOBAL_PAGES)
  static void nothingIsGlobal(ClauseContext c) {
    Leaves.fresh(
        c,
        Samples.ALL,
        (raw, l, protection, physAddr) ->
            c.check(!c.format().global(raw, l), l, raw, "not global for " + protection, "global"));
  }

  private static void notWritable(ClauseContext c, List<Protection> protections) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        protections,
        (raw, l, protection, physAddr) -> {
          int rights = f.rights(f.mkDirty(f.mkYoung(raw, l), l), l);
          c.check(
              (rights & Rights.USER_WRITE) == 0,
              l,
              raw,
              "no user write for " + protection,
              GoldenRows.letters(rights));
          c.check(!f.write(raw, l), l, raw, "read-only for " + protection, "writable");
        });
  }

  @RestsOn({"FMT-04", "FMT-05", "FMT-27"})
  @Clause(
      id = "FMT-88",
      text = "Where hardware makes leaves dirty, a writable leaf can be written while it is clean",
      source = "SPI: MmuFeature.HW_DIRTY; Intel SDM volume 3A, 4.8; Arm ARM, D8.5.3 (DBM)",
      check = "rights of a clean leaf; HW_DIRTY, which may be declared and not be there",
      requires = MmuFeature.HW_DIRTY)
  static void cleanIsWritten(ClauseContext c) {
    PteFormat f = c.format();
    writable(
        c,
        (raw, l, protection, physAddr) -> {
          long clean = f.mkClean(raw, l);
          int rights = f.rights(clean, l);
          String expected = "write for " + protection + ", clean: hardware makes it dirty";
          c.check((rights & Rights.WRITE) != 0, l, clean, expected, GoldenRows.letters(rights));
        });
  }

  @RestsOn({"FMT-04", "FMT-05", "FMT-06", "FMT-27"})
  @Clause(
      id = "FMT-89",
      text =
          "Where software makes leaves dirty, a clean one cannot be written, and a writable one that it made dirty can",
      source = "SPI: MmuFeature.HW_DIRTY, absent; kernel: arm64 ptep_set_access_flags",
      check =
          "rights of a clean leaf: a write that nobody notes is lost; mkDirty and mkWrite in either order",
      absent = {MmuFeature.HW_DIRTY, MmuFeature.HASHED})
  static void cleanIsNotWritten(ClauseContext c) {
    PteFormat f = c.format();
    writable(
        c,
        (raw, l, protection, physAddr) -> {
          long clean = f.mkClean(raw, l);
          int rights = f.rights(clean, l);
          String expected = "no write for " + protection + ", clean: nobody makes it dirty";
          c.check((rights & Rights.WRITE) == 0, l, clean, expected, GoldenRows.letters(rights));
          for (long dirty :
              new long[] {f.mkDirty(clean, l), f.mkWrite(f.mkDirty(f.wrProtect(clean, l), l), l)}) {
            int left = f.rights(dirty, l);
            String once = "write for " + protection + " once dirty";
            c.check((left & Rights.WRITE) != 0, l, dirty, once, GoldenRows.letters(left));
          }
        });
  }

  /** Young leaves that were made writable, of protections that ask for it. */
  private static void writable(ClauseContext c, Leaves.FreshVisitor visitor) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.ACCESSIBLE.stream().filter(Protection::write).toList(),
        (raw, l, protection, physAddr) ->
            visitor.leaf(f.mkWrite(f.mkYoung(raw, l), l), l, protection, physAddr));
  }

  static boolean accepted(PteFormat format, Protection protection) {
    try {
      format.pgprot(protection);
      return true;
    } catch (InvalidRequestException e) {
      return false;
    }
  }
}

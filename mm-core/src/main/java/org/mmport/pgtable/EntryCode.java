package org.mmport.pgtable;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * The loops that run once per entry, compiled separately for every variant and level.
 *
 * <p>{@link EntryCodeTemplate} is written against {@link MmuVariant} like everything else, but its
 * class file is defined anew, as a hidden class, for each variant, which it finds in its class
 * data. To the JIT format, geometry and TLB rules are then constants, whatever other variants are
 * loaded; a shared class would make every call to the format megamorphic. See
 * docs/adr/0003-hidden-class-per-variant.md.
 */
abstract class EntryCode {
  private static final Map<MmuVariant, WeakReference<EntryCode[]>> DEFINED = new WeakHashMap<>();
  private static final byte[] TEMPLATE = templateBytes();

  /** What an edit of one page found. */
  enum Edit {
    DONE,
    /** The entry was changed and its table is empty now. */
    TABLE_EMPTY,
    /** A table on the way is missing. */
    TABLE_MISSING,
    /** The entry, or a leaf above it, is in use. */
    OCCUPIED,
    /** A leaf above the last level maps the page. */
    HUGE,
    /** No root translates the address. */
    NON_CANONICAL
  }

  /** What a copy of the template is for: walks of a variant, and runs of entries of one level. */
  record Target(MmuVariant variant, Level level) {}

  /**
   * The code for a variant, by {@link Level#ordinal()} of the tables whose runs of entries it
   * edits. The same objects as long as anybody holds them.
   */
  static EntryCode[] of(MmuVariant variant) {
    synchronized (DEFINED) {
      WeakReference<EntryCode[]> known = DEFINED.get(variant);
      EntryCode[] codes = known == null ? null : known.get();
      if (codes == null) {
        codes = new EntryCode[Level.values().length];
        for (Level level : Level.values()) {
          codes[level.ordinal()] = define(new Target(variant, level));
        }
        DEFINED.put(variant, new WeakReference<>(codes));
      }
      return codes;
    }
  }

  /**
   * The entry at an address, {@code empty} of the level where that is no memory. One atomic load.
   */
  abstract long load(EntryMemory memory, long entryAddr, Level level);

  /** Stores an entry so that whoever sees it also sees what was stored before. */
  abstract void store(EntryMemory memory, long entryAddr, long raw);

  /** Stores an entry unless it is no longer what was expected, in one atomic step. */
  abstract boolean compareAndSet(EntryMemory memory, long entryAddr, long expected, long raw);

  /** Physical address that a CPU would reach, or {@link TableWalker#NOT_MAPPED}. */
  abstract long translate(EntryMemory memory, long[] roots, long va);

  /** Stores a leaf at PTE level into an entry that is none. */
  abstract Edit mapPage(
      TableSpace space, long[] roots, long va, long physAddr, long pgprot, MmuGather gather);

  /** Empties an entry at PTE level. DONE also where there was nothing. */
  abstract Edit unmapPage(TableSpace space, long[] roots, long va, MmuGather gather);

  /** Gives a present entry at PTE level other rights. DONE also where there was nothing. */
  abstract Edit protectPage(TableSpace space, long[] roots, long va, long pgprot, MmuGather gather);

  // The rest is about runs of entries of one table, of the level that this code was made for.

  /** Index of the first entry that is not none, or {@code index + count}. */
  abstract int firstUsed(EntryMemory memory, long table, int index, int count);

  /**
   * Stores leaves that map consecutive memory, the first being {@code raw}, into entries that are
   * none.
   */
  abstract void fill(
      TableSpace space, long table, int index, int count, long raw, long va, MmuGather gather);

  /**
   * Empties entries, leaves and swap entries alike, but not tables; returns how many were in use.
   */
  abstract int clear(TableSpace space, long table, int index, int count, long va, MmuGather gather);

  /** Gives present leaves other rights. */
  abstract void protect(
      TableSpace space, long table, int index, int count, long va, long pgprot, MmuGather gather);

  private static EntryCode define(Target target) {
    try {
      MethodHandles.Lookup hidden =
          MethodHandles.lookup().defineHiddenClassWithClassData(TEMPLATE, target, true);
      return (EntryCode) hidden.lookupClass().getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot define the entry code of " + target, e);
    }
  }

  private static byte[] templateBytes() {
    try (InputStream in = EntryCode.class.getResourceAsStream("EntryCodeTemplate.class")) {
      if (in == null) {
        throw new IllegalStateException(
            "EntryCodeTemplate.class is missing beside EntryCode.class");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

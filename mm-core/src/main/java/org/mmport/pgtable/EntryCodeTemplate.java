package org.mmport.pgtable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.TableDescriptors;
import org.mmport.spi.BatchOps;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;
import org.mmport.spi.VaRegion;

/**
 * Defined by {@link EntryCode} once per variant and level, never used under its own name.
 * Everything that depends on the variant is a static final, so conditions on it vanish when
 * compiled. No inner class and no lambda: they would belong to the template, not to the hidden
 * class.
 */
final class EntryCodeTemplate extends EntryCode {
  private static final EntryCode.Target TARGET = classData();
  private static final MmuVariant VARIANT = TARGET.variant();
  private static final PteFormat FORMAT = VARIANT.format();
  private static final TlbRules TLB = VARIANT.tlbRules();
  private static final BatchOps BATCH = VARIANT.batchOps();
  private static final boolean ENTRY_WISE = BATCH.equals(BatchOps.ENTRY_WISE);
  private static final int ENTRY_BYTES = VARIANT.geometry().entryBytes();
  private static final boolean SPLIT = VARIANT.geometry().storeBytes() < ENTRY_BYTES;
  private static final int LOW_HALF =
      VARIANT.geometry().byteOrder() == java.nio.ByteOrder.LITTLE_ENDIAN ? 0 : 4;
  private static final long PAGE_BYTES = VARIANT.geometry().pageBytes();
  private static final int PAGE_SHIFT = VARIANT.geometry().pageShift();

  private static final VarHandle LONGS =
      ValueLayout.JAVA_LONG.withOrder(VARIANT.geometry().byteOrder()).varHandle();
  private static final VarHandle INTS =
      ValueLayout.JAVA_INT.withOrder(VARIANT.geometry().byteOrder()).varHandle();
  private static final VarHandle COUNTS = ValueLayout.JAVA_INT.varHandle();
  private static final ValueLayout.OfLong ANY_LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(VARIANT.geometry().byteOrder());
  private static final ValueLayout.OfInt ANY_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(VARIANT.geometry().byteOrder());

  /**
   * All that can be addressed. Its bounds and lifetime are constants, so that an access compiles to
   * the one comparison made here; checking a segment of its own costs as much again as a whole
   * walk. See docs/adr/0011-entries-by-address.md.
   */
  @SuppressWarnings("restricted")
  private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final LevelCode PGD = LevelCode.of(VARIANT, Level.PGD);
  private static final LevelCode P4D = LevelCode.of(VARIANT, Level.P4D);
  private static final LevelCode PUD = LevelCode.of(VARIANT, Level.PUD);
  private static final LevelCode PMD = LevelCode.of(VARIANT, Level.PMD);
  private static final LevelCode PTE = LevelCode.of(VARIANT, Level.PTE);

  /** The level whose runs of entries this class edits. */
  private static final LevelCode AT = LevelCode.of(VARIANT, TARGET.level());

  private static final int REGIONS = VARIANT.geometry().vaLayout().regions().size();
  private static final VaRegion REGION_0 = VARIANT.geometry().vaLayout().regions().getFirst();
  private static final VaRegion REGION_1 =
      VARIANT.geometry().vaLayout().regions().get(Math.min(1, REGIONS - 1));

  EntryCodeTemplate() {}

  private static EntryCode.Target classData() {
    try {
      return MethodHandles.classData(MethodHandles.lookup(), "_", EntryCode.Target.class);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("the template is only ever defined with a variant", e);
    }
  }

  // Loads and stores.

  @Override
  long load(EntryMemory memory, long entryAddr, Level level) {
    return get(memory, entryAddr, FORMAT.empty(level));
  }

  @Override
  void store(EntryMemory memory, long entryAddr, long raw) {
    put(memory, entryAddr, raw);
  }

  private static long get(EntryMemory memory, long entryAddr, long outside) {
    long offset = entryAddr - memory.base;
    if (Long.compareUnsigned(offset, memory.limit) < 0) {
      return read(memory.address + offset);
    }
    return getElsewhere(memory, entryAddr, outside);
  }

  private static long read(long address) {
    if (ENTRY_BYTES == 4) {
      return Integer.toUnsignedLong((int) INTS.getOpaque(ALL, address));
    }
    return SPLIT ? readHalves(address) : (long) LONGS.getOpaque(ALL, address);
  }

  /**
   * Low, high, low again until it stands still, as Linux's pmd_read_atomic and ptep_get_lockless do
   * on PAE.
   */
  private static long readHalves(long address) {
    while (true) {
      int low = (int) INTS.getAcquire(ALL, address + LOW_HALF);
      int high = (int) INTS.getAcquire(ALL, address + 4 - LOW_HALF);
      if (low == (int) INTS.getAcquire(ALL, address + LOW_HALF)) {
        return Integer.toUnsignedLong(high) << 32 | Integer.toUnsignedLong(low);
      }
    }
  }

  private static long getElsewhere(EntryMemory memory, long entryAddr, long outside) {
    var found = memory.search(entryAddr, ENTRY_BYTES);
    if (found.isEmpty()) {
      return outside;
    }
    PhysicalMemory.Extent extent = found.get();
    long offset = entryAddr - extent.base();
    return ENTRY_BYTES == 4
        ? Integer.toUnsignedLong(extent.bytes().get(ANY_INT, offset))
        : extent.bytes().get(ANY_LONG, offset);
  }

  private static void put(EntryMemory memory, long entryAddr, long raw) {
    long address = writable(memory, entryAddr);
    if (ENTRY_BYTES == 4) {
      INTS.setRelease(ALL, address, (int) raw);
    } else if (SPLIT) {
      putHalves(address, raw);
    } else {
      LONGS.setRelease(ALL, address, raw);
    }
  }

  private static long writable(EntryMemory memory, long entryAddr) {
    long offset = entryAddr - memory.base;
    if (Long.compareUnsigned(offset, memory.limit) >= 0) {
      throw new IllegalStateException(
          "entry at 0x" + Long.toHexString(entryAddr) + ": memory is closed, or ends before it");
    }
    return memory.address + offset;
  }

  /**
   * The half with the valid bit goes last when the entry becomes valid and first when it ceases to
   * be, so that no mixture is ever valid: Linux's native_set_pte and native_pte_clear on PAE.
   */
  private static void putHalves(long address, long raw) {
    if (FORMAT.valid(raw, Level.PTE)) {
      INTS.setRelease(ALL, address + 4 - LOW_HALF, (int) (raw >>> 32));
      INTS.setRelease(ALL, address + LOW_HALF, (int) raw);
    } else {
      INTS.setRelease(ALL, address + LOW_HALF, (int) raw);
      INTS.setRelease(ALL, address + 4 - LOW_HALF, (int) (raw >>> 32));
    }
  }

  @Override
  boolean compareAndSet(EntryMemory memory, long entryAddr, long expected, long raw) {
    return replace(memory, entryAddr, expected, raw);
  }

  private static boolean replace(EntryMemory memory, long entryAddr, long expected, long raw) {
    long address = writable(memory, entryAddr);
    if (ENTRY_BYTES == 4) {
      return INTS.compareAndSet(ALL, address, (int) expected, (int) raw);
    }
    // Wide compare-and-swap exists where plain wide stores do not (cmpxchg8b on PAE).
    return LONGS.compareAndSet(ALL, address, expected, raw);
  }

  // Walking.

  private static int rootOf(long va) {
    if (Long.compareUnsigned(va - REGION_0.firstVa(), REGION_0.lastVa() - REGION_0.firstVa())
        <= 0) {
      return REGION_0.root();
    }
    if (REGIONS > 1
        && Long.compareUnsigned(va - REGION_1.firstVa(), REGION_1.lastVa() - REGION_1.firstVa())
            <= 0) {
      return REGION_1.root();
    }
    return REGIONS > 2
        ? VARIANT.geometry().vaLayout().regionOf(va).map(VaRegion::root).orElse(-1)
        : -1;
  }

  /** Whether a walk ends here: nothing valid, a leaf, or bits that hardware would fault on. */
  private static boolean ends(long raw, LevelCode at) {
    return !FORMAT.valid(raw, at.level())
        || FORMAT.reserved(raw, at.level()) != 0
        || (at.leafAllowed() && FORMAT.leaf(raw, at.level()));
  }

  private static long end(long raw, LevelCode at, long va) {
    if (!FORMAT.valid(raw, at.level()) || FORMAT.reserved(raw, at.level()) != 0) {
      return TableWalker.NOT_MAPPED;
    }
    return FORMAT.physAddr(raw, at.level()) + at.offset(va);
  }

  @Override
  long translate(EntryMemory memory, long[] roots, long va) {
    int root = rootOf(va);
    if (root < 0) {
      return TableWalker.NOT_MAPPED;
    }
    long table = roots[root];
    if (!PGD.folded()) {
      long raw = get(memory, PGD.entryAddr(table, va), PGD.empty());
      if (ends(raw, PGD)) {
        return end(raw, PGD, va);
      }
      table = FORMAT.tableAddr(raw, Level.PGD);
    }
    if (!P4D.folded()) {
      long raw = get(memory, P4D.entryAddr(table, va), P4D.empty());
      if (ends(raw, P4D)) {
        return end(raw, P4D, va);
      }
      table = FORMAT.tableAddr(raw, Level.P4D);
    }
    if (!PUD.folded()) {
      long raw = get(memory, PUD.entryAddr(table, va), PUD.empty());
      if (ends(raw, PUD)) {
        return end(raw, PUD, va);
      }
      table = FORMAT.tableAddr(raw, Level.PUD);
    }
    if (!PMD.folded()) {
      long raw = get(memory, PMD.entryAddr(table, va), PMD.empty());
      if (ends(raw, PMD)) {
        return end(raw, PMD, va);
      }
      table = FORMAT.tableAddr(raw, Level.PMD);
    }
    return end(get(memory, PTE.entryAddr(table, va), PTE.empty()), PTE, va);
  }

  // Editing one page.

  private static final long MISSING = -1;
  private static final long OCCUPIED_ABOVE = -2;
  private static final long NO_ROOT = -3;

  /** The PTE table of an address, or one of the three negatives. */
  private static long pteTable(EntryMemory memory, long[] roots, long va) {
    int root = rootOf(va);
    if (root < 0) {
      return NO_ROOT;
    }
    long table = roots[root];
    if (!PGD.folded() && (table = next(memory, PGD, table, va)) < 0) {
      return table;
    }
    if (!P4D.folded() && (table = next(memory, P4D, table, va)) < 0) {
      return table;
    }
    if (!PUD.folded() && (table = next(memory, PUD, table, va)) < 0) {
      return table;
    }
    if (!PMD.folded() && (table = next(memory, PMD, table, va)) < 0) {
      return table;
    }
    return table;
  }

  private static long next(EntryMemory memory, LevelCode at, long table, long va) {
    long raw = get(memory, at.entryAddr(table, va), at.empty());
    if (FORMAT.none(raw, at.level())) {
      return MISSING;
    }
    if (!FORMAT.valid(raw, at.level()) || (at.leafAllowed() && FORMAT.leaf(raw, at.level()))) {
      return OCCUPIED_ABOVE;
    }
    return FORMAT.tableAddr(raw, at.level());
  }

  @Override
  Edit mapPage(
      TableSpace space, long[] roots, long va, long physAddr, long pgprot, MmuGather gather) {
    EntryMemory memory = space.entryMemory();
    long table = pteTable(memory, roots, va);
    if (table < 0) {
      return table == MISSING
          ? Edit.TABLE_MISSING
          : table == NO_ROOT ? Edit.NON_CANONICAL : Edit.OCCUPIED;
    }
    long entryAddr = PTE.entryAddr(table, va);
    if (!FORMAT.none(get(memory, entryAddr, PTE.empty()), Level.PTE)) {
      return Edit.OCCUPIED;
    }
    long raw = FORMAT.mkLeaf(physAddr, pgprot, Level.PTE);
    if (ENTRY_WISE) {
      put(memory, entryAddr, raw);
    } else {
      BATCH.set(space.entries(table, Level.PTE), pteIndex(va), raw, 1, PAGE_BYTES, FORMAT);
    }
    addLive(space, table, PTE, 1);
    TlbDuty duty = TLB.duty(PTE.empty(), raw, Level.PTE);
    if (!duty.isNone()) {
      gather.add(va, PAGE_BYTES, duty, FORMAT.global(raw, Level.PTE));
    }
    return Edit.DONE;
  }

  private static int pteIndex(long va) {
    return (int) ((va >>> PTE.shift()) & PTE.indexMask());
  }

  private static Edit absent(long table) {
    return table == MISSING ? Edit.DONE : table == NO_ROOT ? Edit.NON_CANONICAL : Edit.HUGE;
  }

  @Override
  Edit unmapPage(TableSpace space, long[] roots, long va, MmuGather gather) {
    long table = pteTable(space.entryMemory(), roots, va);
    if (table < 0) {
      return absent(table);
    }
    if (!clearEntry(space, table, pteIndex(va), va, gather)) {
      return Edit.DONE;
    }
    return addLive(space, table, PTE, -1) == 0 ? Edit.TABLE_EMPTY : Edit.DONE;
  }

  @Override
  Edit protectPage(TableSpace space, long[] roots, long va, long pgprot, MmuGather gather) {
    long table = pteTable(space.entryMemory(), roots, va);
    if (table < 0) {
      return absent(table);
    }
    protectEntry(space, table, pteIndex(va), va, pgprot, gather);
    return Edit.DONE;
  }

  /** Adds to the number of entries in use and returns what it is then. */
  private static int addLive(TableSpace space, long table, LevelCode at, int count) {
    TableDescriptors descriptors = space.descriptors();
    long id =
        at.tableBytes() >= PAGE_BYTES
            ? (table - space.firstFrame) >>> PAGE_SHIFT
            : descriptors.id(table);
    long offset = id * TableDescriptors.DESCRIPTOR_BYTES + TableDescriptors.LIVE_OFFSET;
    MemorySegment counts = descriptors.segment();
    int live = (int) COUNTS.get(counts, offset) + count;
    COUNTS.set(counts, offset, live);
    return live;
  }

  // Editing runs of entries of one table of level AT.

  @Override
  int firstUsed(EntryMemory memory, long table, int index, int count) {
    for (int i = index; i < index + count; i++) {
      if (!FORMAT.none(get(memory, entryAddr(table, i), AT.empty()), AT.level())) {
        return i;
      }
    }
    return index + count;
  }

  private static long entryAddr(long table, int index) {
    return table + ((long) index << AT.entryShift());
  }

  @Override
  void fill(
      TableSpace space, long table, int index, int count, long raw, long va, MmuGather gather) {
    EntryMemory memory = space.entryMemory();
    long stepBytes = 1L << AT.shift();
    if (ENTRY_WISE) {
      long physAddr = FORMAT.physAddr(raw, AT.level());
      for (int i = 0; i < count; i++) {
        long one = FORMAT.withPhysAddr(raw, physAddr + i * stepBytes, AT.level());
        put(memory, entryAddr(table, index + i), one);
      }
    } else {
      BATCH.set(space.entries(table, AT.level()), index, raw, count, stepBytes, FORMAT);
    }
    addLive(space, table, AT, count);
    TlbDuty duty = TLB.duty(AT.empty(), raw, AT.level());
    if (!duty.isNone()) {
      gather.add(va, count * stepBytes, duty, FORMAT.global(raw, AT.level()));
    }
  }

  @Override
  int clear(TableSpace space, long table, int index, int count, long va, MmuGather gather) {
    int used = 0;
    for (int i = 0; i < count; i++) {
      if (clearEntry(space, table, index + i, va + ((long) i << AT.shift()), gather)) {
        used++;
      }
    }
    addLive(space, table, AT, -used);
    return used;
  }

  /** Empties an entry, takes on the duty, and returns whether it was in use. */
  private static boolean clearEntry(
      TableSpace space, long table, int index, long va, MmuGather gather) {
    EntryMemory memory = space.entryMemory();
    long entryAddr = entryAddr(table, index);
    long old = get(memory, entryAddr, AT.empty());
    if (FORMAT.none(old, AT.level())) {
      return false;
    }
    if (ENTRY_WISE) {
      put(memory, entryAddr, AT.empty());
    } else {
      BATCH.clear(space.entries(table, AT.level()), index, FORMAT);
    }
    TlbDuty duty = TLB.duty(old, AT.empty(), AT.level());
    if (!duty.isNone()) {
      gather.add(va, 1L << AT.shift(), duty, FORMAT.global(old, AT.level()));
    }
    return true;
  }

  @Override
  void protect(
      TableSpace space, long table, int index, int count, long va, long pgprot, MmuGather gather) {
    for (int i = 0; i < count; i++) {
      protectEntry(space, table, index + i, va + ((long) i << AT.shift()), pgprot, gather);
    }
  }

  private static void protectEntry(
      TableSpace space, long table, int index, long va, long pgprot, MmuGather gather) {
    EntryMemory memory = space.entryMemory();
    long entryAddr = entryAddr(table, index);
    long old = get(memory, entryAddr, AT.empty());
    while (FORMAT.present(old, AT.level())) {
      long changed = FORMAT.modify(old, pgprot, AT.level());
      if (changed == old || change(space, table, index, old, changed, va, gather)) {
        return;
      }
      old = get(memory, entryAddr, AT.empty());
    }
  }

  /** Replaces an entry unless hardware set a bit in it meanwhile; then the caller looks again. */
  private static boolean change(
      TableSpace space, long table, int index, long old, long changed, long va, MmuGather gather) {
    EntryMemory memory = space.entryMemory();
    long entryAddr = entryAddr(table, index);
    TlbDuty duty = TLB.duty(old, changed, AT.level());
    boolean global = FORMAT.global(old, AT.level());
    if (duty.breakBeforeMake()) {
      if (!replace(memory, entryAddr, old, AT.empty())) {
        return false;
      }
      gather.flushNow(va, 1L << AT.shift(), duty, global);
      put(memory, entryAddr, changed);
      return true;
    }
    if (!ENTRY_WISE) {
      BATCH.replace(space.entries(table, AT.level()), index, changed, FORMAT);
    } else if (!replace(memory, entryAddr, old, changed)) {
      return false;
    }
    if (!duty.isNone()) {
      gather.add(va, 1L << AT.shift(), duty, global);
    }
    return true;
  }
}

package org.mmport.pgtable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.mmport.machine.PageRows;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.SinglePages;
import org.mmport.machine.Steps;
import org.mmport.machine.TableDescriptors;
import org.mmport.spi.BatchOps;
import org.mmport.spi.HashMmu;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;
import org.mmport.spi.VaRegion;

/**
 * Defined by {@link VariantCode} once per variant and level, never used under its own name.
 * Everything that depends on the variant is a static final, so conditions on it vanish when
 * compiled. No inner class and no lambda: they would belong to the template, not to the hidden
 * class. Nor can one copy name another, which is why walks, single pages and runs share one file:
 * they share its loads and stores.
 */
final class EntryCodeTemplate extends EntryCode {
  private static final EntryCode.Target TARGET = classData();
  private static final MmuVariant VARIANT = TARGET.variant();

  /** Physical address of the first byte that is reached directly: {@link EntryMemory#base}. */
  private static final long BASE = TARGET.base();

  /** Whether what is reached directly is all the memory there is. */
  private static final boolean FLAT = TARGET.flat();

  private static final Steps STEPS = TARGET.steps();

  /** Whether anybody is told of accesses, which then are made one by one. */
  private static final boolean STEPPED = !STEPS.equals(Steps.NONE);

  private static final PteFormat FORMAT = VARIANT.format();
  private static final TlbRules TLB = VARIANT.tlbRules();
  private static final BatchOps BATCH = VARIANT.batchOps();
  private static final boolean ENTRY_WISE = BATCH.equals(BatchOps.ENTRY_WISE);
  private static final int ENTRY_BYTES = VARIANT.geometry().entryBytes();
  private static final int STORE_BYTES = VARIANT.geometry().storeBytes();
  private static final boolean SPLIT = STORE_BYTES < ENTRY_BYTES;

  /** Whether walks load from one extent by its index, all checks folded. */
  private static final boolean INDEXED = FLAT && !STEPPED;

  /** Of an entry, wherever in memory it is. */
  private static final long HIGH_HALF = -1L << Integer.SIZE;

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

  /** No machine has more than 2^56 bytes in a process. */
  private static final long ADDRESSES = (1L << 56) - 1;

  private static final long ADDRESS_MASK = ADDRESSES + 1 - Math.min(ENTRY_BYTES, STORE_BYTES);

  private static final long COUNT_ADDRESS_MASK = ADDRESSES + 1 - Integer.BYTES;

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
  long loadWhole(EntryMemory memory, long entryAddr, Level level) {
    if (SPLIT && Long.compareUnsigned(entryAddr - BASE, memory.limit) < 0) {
      long address = aligned(entryAddr + memory.shift);
      step(Steps.Kind.LOAD, address);
      return (long) LONGS.getOpaque(ALL, address);
    }
    return load(memory, entryAddr, level);
  }

  @Override
  void store(EntryMemory memory, long entryAddr, long raw) {
    put(memory, entryAddr, raw);
  }

  private static long get(EntryMemory memory, long entryAddr, long outside) {
    return get(memory, memory.limit, memory.shift, entryAddr, outside);
  }

  /** For walks, which take the memory's fields once: opaque loads would fetch them again. */
  private static long get(
      EntryMemory memory, long limit, long shift, long entryAddr, long outside) {
    if (Long.compareUnsigned(entryAddr - BASE, limit) < 0) {
      return read(entryAddr + shift);
    }
    return getElsewhere(memory, entryAddr, outside);
  }

  private static long fetch(
      EntryMemory memory, long limit, long shift, LevelCode at, long table, long va) {
    return get(memory, limit, shift, at.entryAddr(table, va), at.empty());
  }

  /**
   * The same in memory of one extent, where the table's place is checked as an index: then the JIT
   * knows how large it is, the access itself needs no test, and the entry's place in the table
   * becomes part of the load.
   *
   * @throws IndexOutOfBoundsException where the largest of tables would not fit into memory
   */
  private static long fetchFlat(
      EntryMemory memory, long limit, long shift, LevelCode at, long table, long va) {
    if (!INDEXED) {
      return get(memory, limit, shift, at.entryAddr(table, va), at.empty());
    }
    long address = Objects.checkIndex(table - BASE, limit) + shift + at.entryOffset(va);
    return ENTRY_BYTES == 4
        ? Integer.toUnsignedLong(ALL.get(ANY_INT, address))
        : ALL.get(ANY_LONG, address);
  }

  /** Tells the JIT that an address is aligned and small, so that it need not test for it. */
  private static long aligned(long address) {
    return address & ADDRESS_MASK;
  }

  private static long read(long hostAddr) {
    long address = aligned(hostAddr);
    step(Steps.Kind.LOAD, address);
    if (ENTRY_BYTES == 4) {
      return Integer.toUnsignedLong((int) INTS.getOpaque(ALL, address));
    }
    return SPLIT && STEPPED ? readHalves(address) : (long) LONGS.getOpaque(ALL, address);
  }

  private static void step(Steps.Kind kind, long address) {
    if (STEPPED) {
      STEPS.entry(kind, address);
    }
  }

  /**
   * Low, high, low again until it stands still, as Linux's pmd_read_atomic and ptep_get_lockless do
   * on PAE. For those who are told of each: the machine we run on loads both halves at once, and so
   * meets nothing that they would not, as the MMU of such a CPU does.
   */
  private static long readHalves(long address) {
    while (true) {
      int low = (int) INTS.getAcquire(ALL, address + LOW_HALF);
      step(Steps.Kind.LOAD, address);
      int high = (int) INTS.getAcquire(ALL, address + 4 - LOW_HALF);
      step(Steps.Kind.LOAD, address);
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
    write(writable(memory, entryAddr), raw);
  }

  private static void write(long address, long raw) {
    step(Steps.Kind.STORE, address);
    if (ENTRY_BYTES == 4) {
      INTS.setRelease(ALL, address, (int) raw);
    } else if (SPLIT) {
      putHalves(address, raw);
    } else {
      LONGS.setRelease(ALL, address, raw);
    }
  }

  private static long writable(EntryMemory memory, long entryAddr) {
    if (Long.compareUnsigned(entryAddr - BASE, memory.limit) >= 0) {
      throw new IllegalStateException(
          "entry at 0x" + Long.toHexString(entryAddr) + ": memory is closed, or ends before it");
    }
    return aligned(entryAddr + memory.shift);
  }

  /**
   * The half with the valid bit goes last when the entry becomes valid and first when it ceases to
   * be, so that no mixture is ever valid: Linux's native_set_pte and native_pte_clear on PAE.
   */
  private static void putHalves(long address, long raw) {
    if (FORMAT.valid(raw, Level.PTE)) {
      INTS.setRelease(ALL, address + 4 - LOW_HALF, (int) (raw >>> 32));
      step(Steps.Kind.STORE, address);
      INTS.setRelease(ALL, address + LOW_HALF, (int) raw);
    } else {
      INTS.setRelease(ALL, address + LOW_HALF, (int) raw);
      step(Steps.Kind.STORE, address);
      INTS.setRelease(ALL, address + 4 - LOW_HALF, (int) (raw >>> 32));
    }
  }

  @Override
  boolean compareAndSet(EntryMemory memory, long entryAddr, long expected, long raw) {
    return replace(memory, entryAddr, expected, raw);
  }

  private static boolean replace(EntryMemory memory, long entryAddr, long expected, long raw) {
    return replaceAt(writable(memory, entryAddr), expected, raw);
  }

  private static boolean replaceAt(long address, long expected, long raw) {
    step(Steps.Kind.UPDATE, address);
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

  private static final long LEAF = -2;

  /**
   * The table below an entry, LEAF, or NOT_MAPPED. Each condition is asked once: what the JIT keeps
   * for a second use costs instructions, and random walks are as fast as they are short.
   */
  private static long below(long raw, LevelCode at) {
    return at.isUsual(raw) ? FORMAT.tableAddr(at.known(raw), at.level()) : belowUnusual(raw, at);
  }

  private static long belowUnusual(long raw, LevelCode at) {
    if (!FORMAT.valid(raw, at.level())) {
      return TableWalker.NOT_MAPPED;
    }
    if (at.leafAllowed() && FORMAT.leaf(raw, at.level())) {
      return LEAF;
    }
    return FORMAT.reserved(raw, at.level()) != 0
        ? TableWalker.NOT_MAPPED
        : FORMAT.tableAddr(raw, at.level());
  }

  /** What a walk that ends at an entry above PTE comes to. */
  private static long end(long below, long raw, LevelCode at, long va) {
    return below == LEAF ? mapped(raw, at, va) : TableWalker.NOT_MAPPED;
  }

  /** What a valid leaf maps. */
  private static long mapped(long raw, LevelCode at, long va) {
    return FORMAT.reserved(raw, at.level()) != 0
        ? TableWalker.NOT_MAPPED
        : FORMAT.physAddr(raw, at.level()) + at.offset(va);
  }

  /** What a walk comes to that ends at an entry of a page. */
  private static long page(long raw, long va) {
    if (PTE.isUsual(raw)) {
      return FORMAT.physAddr(PTE.known(raw), Level.PTE) + PTE.offset(va);
    }
    return FORMAT.valid(raw, Level.PTE) ? mapped(raw, PTE, va) : TableWalker.NOT_MAPPED;
  }

  @Override
  long translate(EntryMemory memory, long[] roots, long va) {
    try {
      return translated(memory, roots, va);
    } catch (IndexOutOfBoundsException e) {
      memory.requireOpen();
      return translatedCarefully(memory, roots, va);
    }
  }

  private static final List<LevelCode> ABOVE_PTE = List.of(PGD, P4D, PUD, PMD);

  /** With each entry's own place checked: for tables at the very end of memory, or outside. */
  private static long translatedCarefully(EntryMemory memory, long[] roots, long va) {
    long table = roots[rootOf(va)];
    for (LevelCode at : ABOVE_PTE) {
      if (!at.folded()) {
        long raw = get(memory, at.entryAddr(table, va), at.empty());
        table = below(raw, at);
        if (table < 0) {
          return end(table, raw, at, va);
        }
      }
    }
    return page(get(memory, PTE.entryAddr(table, va), PTE.empty()), va);
  }

  /** What {@link #fetchFlat} compares with: offsets of tables in one extent, else of entries. */
  private static long limit(EntryMemory memory) {
    return INDEXED ? memory.tableLimit >>> EntryMemory.HEADROOM : memory.limit;
  }

  /** What {@link #fetchFlat} adds: to offsets where memory is one extent, else to addresses. */
  private static long shift(EntryMemory memory) {
    return INDEXED ? memory.start >>> EntryMemory.HEADROOM : memory.shift;
  }

  /** Of less than 325 bytes of code: HotSpot inlines no more than that (FreqInlineSize). */
  private static long translated(EntryMemory memory, long[] roots, long va) {
    int root = rootOf(va);
    if (root < 0) {
      return TableWalker.NOT_MAPPED;
    }
    long limit = limit(memory);
    long shift = shift(memory);
    long table = roots[root];
    if (!PGD.folded()) {
      long raw = fetchFlat(memory, limit, shift, PGD, table, va);
      table = below(raw, PGD);
      if (table < 0) {
        return end(table, raw, PGD, va);
      }
    }
    if (!P4D.folded()) {
      long raw = fetchFlat(memory, limit, shift, P4D, table, va);
      table = below(raw, P4D);
      if (table < 0) {
        return end(table, raw, P4D, va);
      }
    }
    if (!PUD.folded()) {
      long raw = fetchFlat(memory, limit, shift, PUD, table, va);
      table = below(raw, PUD);
      if (table < 0) {
        return end(table, raw, PUD, va);
      }
    }
    if (!PMD.folded()) {
      long raw = fetchFlat(memory, limit, shift, PMD, table, va);
      table = below(raw, PMD);
      if (table < 0) {
        return end(table, raw, PMD, va);
      }
    }
    return page(fetchFlat(memory, limit, shift, PTE, table, va), va);
  }

  // Editing one page.

  /** Addresses alike above this bit have their PTE table in common. */
  private static final int SPAN_SHIFT = PTE.shift() + Long.bitCount(PTE.indexMask());

  /** Bits that no physical address of a page has. */
  private static final long NOT_A_PAGE =
      (PAGE_BYTES - 1) | -1L << Math.min(63, VARIANT.geometry().paBits());

  private static final long MISSING = -1;
  private static final long OCCUPIED_ABOVE = -2;
  private static final long NO_ROOT = -3;
  private static final long LONG_WAY = -4;

  /** The PTE table of an address, or one of the negatives. */
  private static long pteTable(EntryMemory memory, long[] roots, long va) {
    int root = rootOf(va);
    if (root < 0) {
      return NO_ROOT;
    }
    long limit = memory.limit;
    long shift = memory.shift;
    long table = roots[root];
    if (!PGD.folded() && (table = next(memory, limit, shift, PGD, table, va)) < 0) {
      return table;
    }
    if (!P4D.folded() && (table = next(memory, limit, shift, P4D, table, va)) < 0) {
      return table;
    }
    if (!PUD.folded() && (table = next(memory, limit, shift, PUD, table, va)) < 0) {
      return table;
    }
    if (!PMD.folded() && (table = next(memory, limit, shift, PMD, table, va)) < 0) {
      return table;
    }
    return table;
  }

  private static long next(
      EntryMemory memory, long limit, long shift, LevelCode at, long table, long va) {
    long raw = fetch(memory, limit, shift, at, table, va);
    if (at.isUsual(raw)) {
      return FORMAT.tableAddr(at.known(raw), at.level());
    }
    if (FORMAT.none(raw, at.level())) {
      return MISSING;
    }
    if (!FORMAT.valid(raw, at.level()) || (at.leafAllowed() && FORMAT.leaf(raw, at.level()))) {
      return OCCUPIED_ABOVE;
    }
    return FORMAT.tableAddr(raw, at.level());
  }

  /** Brings the cursor to the PTE table of an address, or returns one of the negatives. */
  private static long seek(PteCursor cursor, long va) {
    if (cursor.isKeptOut(va)) {
      return LONG_WAY;
    }
    long table = pteTable(cursor.memory, cursor.roots, va);
    if (table >= 0) {
      cursor.table = table;
      cursor.entries = writable(cursor.memory, table);
      cursor.liveCount = liveCount(cursor.space, table, PTE);
      cursor.span = va >>> SPAN_SHIFT;
    }
    return table;
  }

  /** Where the machine we run on has the entry of an address in the cursor's table. */
  private static long pteAddress(PteCursor cursor, long va) {
    return aligned(PTE.entryAddr(cursor.entries, va));
  }

  private static int pteIndex(long va) {
    return (int) ((va >>> PTE.shift()) & PTE.indexMask());
  }

  private LeafTable pteLeaves(PteCursor cursor, long va, MmuGather gather) {
    return cursor.mm.leaves(this, Level.PTE, cursor.table, pteIndex(va), va, gather);
  }

  @Override
  boolean mapPage(
      PteCursor cursor, long va, long physAddr, long sizeBytes, long pgprot, MmuGather gather) {
    if (((physAddr & NOT_A_PAGE) | notOnePage(va, sizeBytes)) != 0) {
      return false;
    }
    if (va >>> SPAN_SHIFT != cursor.span && seek(cursor, va) < 0) {
      return false;
    }
    long address = pteAddress(cursor, va);
    if (!FORMAT.none(read(address), Level.PTE)) {
      return false;
    }
    long raw = FORMAT.mkLeaf(physAddr, pgprot, Level.PTE);
    if (cursor.knowsFolios && BATCH.mayComplete(pteIndex(va), raw, Level.PTE, FORMAT)) {
      BATCH.set(pteLeaves(cursor, va, gather), pteIndex(va), 1, raw);
    } else {
      write(address, raw);
    }
    addLive(cursor.liveCount, 1);
    TlbDuty duty = TLB.duty(PTE.empty(), raw, Level.PTE);
    // The gather asks that too, but here most variants' answer is a constant.
    if (!duty.isNone()) {
      gather.add(va, PAGE_BYTES, duty, FORMAT.global(raw, Level.PTE));
    }
    return true;
  }

  @Override
  boolean unmapPage(PteCursor cursor, long va, long sizeBytes, MmuGather gather) {
    if (notOnePage(va, sizeBytes) != 0) {
      return false;
    }
    if (va >>> SPAN_SHIFT != cursor.span) {
      long table = seek(cursor, va);
      if (table < 0) {
        return table == MISSING;
      }
    }
    long address = pteAddress(cursor, va);
    long old = read(address);
    if (FORMAT.none(old, Level.PTE)) {
      // A table that was emptied entry by entry goes by the way of ranges.
      return addLive(cursor.liveCount, 0) != 0;
    }
    if (BATCH.inRun(old, Level.PTE, FORMAT)) {
      BATCH.isolate(pteLeaves(cursor, va, gather), pteIndex(va), 1);
      old = read(address);
    }
    write(address, PTE.empty());
    TlbDuty duty = TLB.duty(old, PTE.empty(), Level.PTE);
    gather.add(va, PAGE_BYTES, duty, FORMAT.global(old, Level.PTE));
    if (addLive(cursor.liveCount, -1) == 0) {
      unhookEmptied(cursor, va, gather);
    }
    return true;
  }

  /** From the lowest level of tables that are hooked into others up to that below the root. */
  private static final List<LevelCode> HOOKS =
      ABOVE_PTE.reversed().stream().filter(at -> !at.folded()).toList();

  /** Unhooks the PTE table of an address, which is empty, and those above that become so. */
  private static void unhookEmptied(PteCursor cursor, long va, MmuGather gather) {
    long emptied = cursor.table;
    cursor.reset();
    for (LevelCode at : HOOKS) {
      long table = tableAt(cursor, at, va);
      if (unhook(cursor.space, at, table, va, va + PAGE_BYTES - 1, emptied, gather) != 0) {
        return;
      }
      emptied = table;
    }
  }

  @Override
  void unhook(TableSpace space, long table, long va, long lastVa, long child, MmuGather gather) {
    unhook(space, AT, table, va, lastVa, child, gather);
  }

  /** Returns how many entries of the table are in use then. */
  private static int unhook(
      TableSpace space,
      LevelCode at,
      long table,
      long va,
      long lastVa,
      long child,
      MmuGather gather) {
    long entryAddr = at.entryAddr(table, va);
    long hooked = get(space.entryMemory(), entryAddr, at.empty());
    put(space.entryMemory(), entryAddr, at.empty());
    gather.add(va, lastVa - va + 1, TLB.duty(hooked, at.empty(), at.level()), false);
    gather.freeLater(child);
    return addLive(liveCount(space, table, at), -1);
  }

  /** The table of a level through which an address goes; all above it is there. */
  private static long tableAt(PteCursor cursor, LevelCode wanted, long va) {
    long table = cursor.roots[rootOf(va)];
    for (LevelCode at : ABOVE_PTE) {
      if (at.level() == wanted.level()) {
        return table;
      }
      if (!at.folded()) {
        table =
            FORMAT.tableAddr(get(cursor.memory, at.entryAddr(table, va), at.empty()), at.level());
      }
    }
    return table;
  }

  /** Not zero where a range is no page. */
  private static long notOnePage(long va, long sizeBytes) {
    return (va & (PAGE_BYTES - 1)) | (sizeBytes ^ PAGE_BYTES);
  }

  @Override
  boolean protectPage(PteCursor cursor, long va, long sizeBytes, long pgprot, MmuGather gather) {
    if (notOnePage(va, sizeBytes) != 0) {
      return false;
    }
    if (va >>> SPAN_SHIFT != cursor.span) {
      long table = seek(cursor, va);
      if (table < 0) {
        return table == MISSING;
      }
    }
    if (BATCH.inRun(read(pteAddress(cursor, va)), Level.PTE, FORMAT)) {
      BATCH.isolate(pteLeaves(cursor, va, gather), pteIndex(va), 1);
    }
    long raw = read(pteAddress(cursor, va));
    protectLeaf(cursor.mm, cursor.table, pteIndex(va), raw, va, pgprot, gather);
    return true;
  }

  /** Where the number of a table's entries in use is. */
  private static long liveCount(TableSpace space, long table, LevelCode at) {
    long frame =
        at.tableBytes() >= PAGE_BYTES
            ? table >>> PAGE_SHIFT
            : space.descriptors().id(table) + (space.firstFrame >>> PAGE_SHIFT);
    return space.liveCounts + frame * TableDescriptors.DESCRIPTOR_BYTES;
  }

  /**
   * Adds to the number of entries in use and returns what it is then. Whoever comes here has just
   * stored into the table, so memory is open.
   */
  private static int addLive(long liveCount, int count) {
    long address = liveCount & COUNT_ADDRESS_MASK;
    int live = (int) COUNTS.get(ALL, address) + count;
    COUNTS.set(ALL, address, live);
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
  void storeRun(EntryMemory memory, long entryAddr, int count, long raw) {
    fillEntries(writableRun(memory, entryAddr, count), count, raw);
  }

  @Override
  int replaceRun(EntryMemory memory, long entryAddr, int count, long old, long raw) {
    long address = writableRun(memory, entryAddr, count);
    if (isSettled(old) && ENTRY_BYTES == 8) {
      rewriteEntries(address, count, raw);
      return count;
    }
    for (int i = 0; i < count; i++) {
      long entry = address + ((long) i << AT.entryShift());
      long there = read(entry);
      long physAddr = FORMAT.physAddr(there, AT.level());
      boolean alike = ((there ^ old) & ~FORMAT.frameMask(AT.level())) == 0;
      if (!alike || !replaceAt(entry, there, FORMAT.withPhysAddr(raw, physAddr, AT.level()))) {
        return i;
      }
    }
    return count;
  }

  @Override
  long takeSettled(EntryMemory memory, long entryAddr, int count) {
    if (STEPPED) {
      return AT.empty();
    }
    long address = writableRun(memory, entryAddr, count);
    long first = read(address);
    if (!isSettled(first) || !allAlike(address, count, first)) {
      return AT.empty();
    }
    emptyEntries(address, 0, count);
    return first;
  }

  /** Where entries of a table are on the machine we run on, all of them within memory. */
  private static long writableRun(EntryMemory memory, long entryAddr, int count) {
    writable(memory, entryAddr + ((count - 1L) << AT.entryShift()));
    return writable(memory, entryAddr);
  }

  private LeafTable leaves(MmTables mm, long table, int index, long va, MmuGather gather) {
    return mm.leaves(this, AT.level(), table, index, va, gather);
  }

  @Override
  void fill(MmTables mm, long table, int index, int count, long raw, long va, MmuGather gather) {
    TableSpace space = mm.space();
    if (ENTRY_WISE) {
      fillEntries(writableRun(space.entryMemory(), entryAddr(table, index), count), count, raw);
    } else {
      BATCH.set(leaves(mm, table, index, va, gather), index, count, raw);
    }
    addLive(liveCount(space, table, AT), count);
    TlbDuty duty = TLB.duty(AT.empty(), raw, AT.level());
    gather.add(va, (long) count << AT.shift(), duty, FORMAT.global(raw, AT.level()));
  }

  /**
   * Bounds that the JIT can take out of a loop, which it then unrolls; those of ALL it does not.
   */
  private static MemorySegment entries(long address, int count) {
    return ALL.asSlice(address, (long) count * ENTRY_BYTES);
  }

  private static long get(MemorySegment entries, long offset) {
    return ENTRY_BYTES == 4
        ? Integer.toUnsignedLong(entries.get(ANY_INT, offset))
        : entries.get(ANY_LONG, offset);
  }

  private static void set(MemorySegment entries, long offset, long raw) {
    if (ENTRY_BYTES == 4) {
      entries.set(ANY_INT, offset, (int) raw);
    } else {
      entries.set(ANY_LONG, offset, raw);
    }
  }

  private static void fillEntries(long address, int count, long raw) {
    long physAddr = FORMAT.physAddr(raw, AT.level());
    long step = FORMAT.withPhysAddr(raw, physAddr + (1L << AT.shift()), AT.level()) - raw;
    long last = FORMAT.withPhysAddr(raw, physAddr + ((count - 1L) << AT.shift()), AT.level());
    // Where high bits of their addresses lie elsewhere, entries may not grow alike.
    if (STEPPED || last != raw + (count - 1) * step) {
      for (int i = 0; i < count; i++) {
        long at = physAddr + ((long) i << AT.shift());
        write(address + ((long) i << AT.entryShift()), FORMAT.withPhysAddr(raw, at, AT.level()));
      }
      return;
    }
    // Plain stores, which the JIT turns into wide ones; what was stored before is seen before.
    VarHandle.releaseFence();
    MemorySegment entries = entries(address, count);
    if (SPLIT) {
      // First the one half of all, with nothing in the other, which is as it was.
      fill(entries, count, raw, step, FORMAT.valid(raw, AT.level()) ? HIGH_HALF : ~HIGH_HALF);
      VarHandle.releaseFence();
    }
    fill(entries, count, raw, step, -1);
  }

  /** Such bits of so many entries, each of which has its own frame. */
  private static void fill(MemorySegment entries, int count, long raw, long step, long mask) {
    if (((raw ^ (raw + (count - 1) * step)) & mask) == 0) {
      // Of halves one is nearly always the same in all.
      for (int i = 0; i < count; i++) {
        set(entries, i * (long) ENTRY_BYTES, raw & mask);
      }
      return;
    }
    if (step == 1L << AT.shift()) {
      // Nearly always: then nothing need be multiplied.
      for (int i = 0; i < count; i++) {
        set(entries, i * (long) ENTRY_BYTES, (raw + ((long) i << AT.shift())) & mask);
      }
      return;
    }
    for (int i = 0; i < count; i++) {
      set(entries, i * (long) ENTRY_BYTES, (raw + i * step) & mask);
    }
  }

  /** Gives leaves the bits of one, and each its own frame, by plain stores as above. */
  private static void rewriteEntries(long address, int count, long raw) {
    if (STEPPED) {
      rewriteSingly(address, count, raw);
      return;
    }
    VarHandle.releaseFence();
    MemorySegment entries = entries(address, count);
    for (int i = 0; i < count; i++) {
      long physAddr = FORMAT.physAddr(entries.get(ANY_LONG, i * 8L), AT.level());
      entries.set(ANY_LONG, i * 8L, FORMAT.withPhysAddr(raw, physAddr, AT.level()));
    }
  }

  /** The same while somebody is told of each. Apart, so that methods stay small to the JIT. */
  private static void rewriteSingly(long address, int count, long raw) {
    for (int i = 0; i < count; i++) {
      long entry = address + i * 8L;
      long physAddr = FORMAT.physAddr(read(entry), AT.level());
      write(entry, FORMAT.withPhysAddr(raw, physAddr, AT.level()));
    }
  }

  @Override
  int shareSingles(
      PteTable from, PteTable to, int first, int most, SinglePages pages, long[] behind) {
    long source = writableRun(from.memory(), entryAddr(from.tableAddr(), first), most);
    int end = first + most;
    int index = first;
    int hooked = first;
    long like = AT.empty();
    int row;
    for (; index < end; index += row) {
      long offset = (long) (index - first) << AT.entryShift();
      long raw = leaf(from, index, source + offset);
      row = 1;
      long copy = AT.empty();
      if (!FORMAT.none(raw, AT.level())) {
        row =
            isSingle(raw) && pages.isSingle(pfn(raw))
                ? pages.tryDup(pfn(raw), rowLength(source + offset, end - index, raw))
                : 0;
        if (row == 0) {
          behind[0] = raw;
          break;
        }
        // References and map counts are there: neither side may write the pages now.
        long both = FORMAT.write(raw, AT.level()) ? writeProtected(from, index, row, raw) : raw;
        copy = FORMAT.mkOld(withoutSlot(both), AT.level());
        to.leaves().fill(index, row, copy);
      }
      if (((copy ^ like) & ~FORMAT.frameMask(AT.level())) != 0) {
        // What leaves owe that differ in nothing but their frames is the same.
        to.hooked(hooked, index - hooked, like);
        hooked = index;
        like = copy;
      }
    }
    to.hooked(hooked, index - hooked, like);
    return index - first;
  }

  @Override
  int unmapSingles(
      PteTable table, int first, int most, SinglePages pages, PageRows unmapped, long[] behind) {
    long start = writableRun(table.memory(), entryAddr(table.tableAddr(), first), most);
    int end = first + most;
    int index = first;
    int unhooked = first;
    long like = AT.empty();
    int row;
    for (; index < end; index += row) {
      long address = start + ((long) (index - first) << AT.entryShift());
      // What is cached with it has marks, which emptying gathers, and no say in what it maps.
      long old = single(address);
      row = 1;
      if (!FORMAT.none(old, AT.level())) {
        long pfn = pfn(old);
        if (!isSingle(old) || !pages.isMapped(pfn)) {
          row = 0;
        } else if (losesNothing(old)) {
          // Counted first, for that says how many to empty: who has the tables alone may.
          row = rowLength(address, end - index, old);
          row = pages.tryUnmap(pfn, row, FORMAT.dirty(old, AT.level()));
          emptyEntries(address, 0, row);
        } else {
          old = BATCH.clear(table.leaves(), index, 1);
          pages.tryUnmap(pfn, 1, FORMAT.dirty(old, AT.level()));
        }
        if (row == 0) {
          behind[0] = old;
          break;
        }
        unmapped.add(pfn, row);
      }
      if (((old ^ like) & ~FORMAT.frameMask(AT.level())) != 0) {
        table.unhooked(unhooked, index - unhooked, like);
        unhooked = index;
        like = old;
      }
    }
    table.unhooked(unhooked, index - unhooked, like);
    return index - first;
  }

  @Override
  int row(PteTable table, int index, int most, long raw) {
    return rowLength(
        writableRun(table.memory(), entryAddr(table.tableAddr(), index), most), most, raw);
  }

  /**
   * How many leaves there are from one on that map frames in a row and are alike in all else; 1
   * where somebody is told of each.
   */
  private static int rowLength(long address, int most, long raw) {
    if (STEPPED) {
      return 1;
    }
    long step =
        FORMAT.withPhysAddr(raw, FORMAT.physAddr(raw, AT.level()) + PAGE_BYTES, AT.level()) - raw;
    if (most == 1 || read(address + ENTRY_BYTES) != raw + step) {
      return 1;
    }
    MemorySegment entries = entries(address, most);
    int row = 1;
    long next = raw + step;
    while (row < most && get(entries, row * (long) ENTRY_BYTES) == next) {
      next += step;
      row++;
    }
    // Where high bits of addresses lie elsewhere, adding may have changed other bits than those.
    long last = next - step;
    return ((last ^ raw) & ~FORMAT.frameMask(AT.level())) == 0 && pfn(last) == pfn(raw) + row - 1
        ? row
        : 1;
  }

  private static long pfn(long raw) {
    return FORMAT.physAddr(raw, AT.level()) >>> PAGE_SHIFT;
  }

  /** Whether a plain store in the place of a leaf loses nothing but that it was young. */
  private static boolean losesNothing(long raw) {
    return ENTRY_WISE && !HASHED && !SPLIT && !mayBecomeDirty(raw);
  }

  private static boolean mayBecomeDirty(long raw) {
    return FORMAT.write(raw, AT.level()) && !FORMAT.dirty(raw, AT.level());
  }

  private static boolean isSingle(long raw) {
    return FORMAT.present(raw, AT.level()) && !BATCH.inRun(raw, AT.level(), FORMAT);
  }

  /** What {@link BatchOps#get} has of an entry; a plain load where that is one load. */
  private static long leaf(PteTable table, int index, long address) {
    return ENTRY_WISE ? single(address) : BATCH.get(table.leaves(), index);
  }

  private static long single(long address) {
    return STEPPED ? read(address) : get(ALL, aligned(address));
  }

  @Override
  long wrProtect(PteTable table, int index, int count, long raw) {
    if (count > 1 && row(table, index, count, raw) < count) {
      BATCH.wrProtect(table.leaves(), index, count);
      return FORMAT.wrProtect(BATCH.get(table.leaves(), index), AT.level());
    }
    // By what lets nobody write, nobody can have written since it was read.
    return FORMAT.write(raw, AT.level()) ? writeProtected(table, index, count, raw) : raw;
  }

  /** The same of leaves that are alike and may be written. */
  private static long writeProtected(PteTable table, int index, int count, long raw) {
    if (isSettled(raw) && ENTRY_WISE) {
      long readOnly = FORMAT.wrProtect(raw, AT.level());
      BATCH.replace(table.leaves(), index, count, raw, readOnly);
      table.leaves().owe(index, count, raw, readOnly);
      return readOnly;
    }
    BATCH.wrProtect(table.leaves(), index, count);
    return FORMAT.wrProtect(BATCH.get(table.leaves(), index), AT.level());
  }

  /** A leaf that another one is made of has no note of the other's place in a hash table. */
  private static long withoutSlot(long raw) {
    return HASHED ? HASH.orElseThrow().withoutSlot(raw) : raw;
  }

  @Override
  int clear(MmTables mm, long table, int index, int count, long va, MmuGather gather) {
    TableSpace space = mm.space();
    long address = writableRun(space.entryMemory(), entryAddr(table, index), count);
    BATCH.isolate(leaves(mm, table, index, va, gather), index, count);
    int used = 0;
    int end;
    for (int i = 0; i < count; i = end) {
      long first = read(address + ((long) i << AT.entryShift()));
      end = i == 0 && allAlike(address, count, first) ? count : endOfRun(address, i, count, first);
      if (FORMAT.none(first, AT.level())) {
        continue;
      }
      emptyEntries(address, i, end);
      used += end - i;
      TlbDuty duty = TLB.duty(first, AT.empty(), AT.level());
      long sizeBytes = (long) (end - i) << AT.shift();
      gather.add(va + ((long) i << AT.shift()), sizeBytes, duty, FORMAT.global(first, AT.level()));
    }
    addLive(liveCount(space, table, AT), -used);
    return used;
  }

  /**
   * Index after the entries that are like this one: alike, or present and alike in all but the
   * frame, which the duty of emptying them does not depend on.
   */
  private static int endOfRun(long address, int index, int count, long first) {
    long compared = FORMAT.present(first, AT.level()) ? ~FORMAT.frameMask(AT.level()) : -1L;
    int end = index + 1;
    while (end < count
        && ((read(address + ((long) end << AT.entryShift())) ^ first) & compared) == 0) {
      end++;
    }
    return end;
  }

  /** A whole table of one kind is common, and a loop without exits is several times faster. */
  private static boolean allAlike(long address, int count, long first) {
    if (STEPPED || !FORMAT.present(first, AT.level())) {
      return false;
    }
    long differences = 0;
    MemorySegment entries = entries(address, count);
    for (int i = 0; i < count; i++) {
      differences |= get(entries, i * (long) ENTRY_BYTES) ^ first;
    }
    return (differences & ~FORMAT.frameMask(AT.level())) == 0;
  }

  private static void emptyEntries(long address, int from, int to) {
    if (STEPPED) {
      for (int i = from; i < to; i++) {
        write(address + ((long) i << AT.entryShift()), AT.empty());
      }
      return;
    }
    MemorySegment entries = entries(address + ((long) from << AT.entryShift()), to - from);
    if (SPLIT) {
      // First the half with the valid bit of all; nobody changes the other.
      for (int i = 0; i < to - from; i++) {
        long high = get(entries, i * (long) ENTRY_BYTES) & HIGH_HALF;
        set(entries, i * (long) ENTRY_BYTES, high | (AT.empty() & ~HIGH_HALF));
      }
      VarHandle.releaseFence();
    }
    for (int i = 0; i < to - from; i++) {
      set(entries, i * (long) ENTRY_BYTES, AT.empty());
    }
  }

  @Override
  void protect(
      MmTables mm, long table, int index, int count, long va, long pgprot, MmuGather gather) {
    LeafTable leaves = leaves(mm, table, index, va, gather);
    BATCH.isolate(leaves, index, count);
    long address = writableRun(mm.space().entryMemory(), entryAddr(table, index), count);
    long raw = read(address);
    for (int i = 0; i < count; ) {
      long entry = address + ((long) i << AT.entryShift());
      long at = va + ((long) i << AT.shift());
      long next = i + 1 < count ? read(entry + ENTRY_BYTES) : AT.empty();
      if (isAlone(raw, next)) {
        protectLeaf(mm, table, index + i, raw, at, pgprot, gather);
        raw = next;
        i++;
      } else {
        boolean all = i == 0 && allAlike(address, count, raw);
        int alike = all ? count : endOfRun(entry, 0, count - i, raw);
        i +=
            FORMAT.present(raw, AT.level())
                ? protectRun(leaves, index + i, entry, raw, alike, count - i, at, pgprot, gather)
                : alike;
        raw = i < count ? read(address + ((long) i << AT.entryShift())) : AT.empty();
      }
    }
  }

  /** Whether a leaf and the entry behind it are not to be changed as one. */
  private static boolean isAlone(long raw, long next) {
    return FORMAT.present(raw, AT.level())
        && !isLike(next, raw)
        && !BATCH.inRun(raw, AT.level(), FORMAT);
  }

  /**
   * Leaves that are alike but for their frames, or whole blocks, or all of these up to one that
   * hardware marked meanwhile, which is to be read anew. Returns how many.
   *
   * @param address where the first is
   * @param alike how many of them are alike
   * @param most how many entries are to be changed in all
   */
  private static int protectRun(
      LeafTable leaves,
      int index,
      long address,
      long first,
      int alike,
      int most,
      long va,
      long pgprot,
      MmuGather gather) {
    boolean blocks = BATCH.inRun(first, AT.level(), FORMAT);
    int nr = blocks ? endOfBlocks(leaves, index, address, alike, most, first) : alike;
    long changed = FORMAT.modify(first, pgprot, AT.level());
    TlbDuty duty = TLB.duty(first, changed, AT.level());
    if (duty.breakBeforeMake()) {
      breakAndMake(address, 0, nr, va, pgprot, duty, gather);
    } else if (nr > alike) {
      BATCH.modify(leaves, index, nr, pgprot);
    } else if (changed != first) {
      int done = BATCH.replace(leaves, index, nr, first, changed);
      owe(va, done, duty, first, gather);
      return done;
    }
    return nr;
  }

  /**
   * Where blocks end that are alike in all but frames, young and dirty: what is cached as one
   * changes as one, whatever marks hardware left in it.
   */
  private static int endOfBlocks(
      LeafTable leaves, int index, long address, int alike, int count, long first) {
    int end = alike;
    long like = unmarked(first);
    while (end < count) {
      long raw = read(address + ((long) end << AT.entryShift()));
      if (!FORMAT.present(raw, AT.level()) || !isLike(unmarked(raw), like)) {
        break;
      }
      end++;
    }
    while (BATCH.hint(leaves, index + end - 1) > 1) {
      end += BATCH.hint(leaves, index + end - 1) - 1;
    }
    return end;
  }

  private static boolean isLike(long raw, long first) {
    long compared = FORMAT.present(first, AT.level()) ? ~FORMAT.frameMask(AT.level()) : -1L;
    return ((raw ^ first) & compared) == 0;
  }

  private static long unmarked(long raw) {
    return FORMAT.mkOld(FORMAT.mkClean(raw, AT.level()), AT.level());
  }

  private static final boolean HASHED = VARIANT.has(MmuFeature.HASHED);
  private static final Optional<HashMmu> HASH = VARIANT.segmentMap().hashMmu();

  /**
   * Whether a plain store in the place of a present leaf loses nothing: it is one store, and nobody
   * has a mark left to set. A hash fault always may have.
   */
  private static boolean isSettled(long raw) {
    return !SPLIT
        && !HASHED
        && FORMAT.young(raw, AT.level())
        && (!FORMAT.write(raw, AT.level()) || FORMAT.dirty(raw, AT.level()));
  }

  private static void owe(long va, int count, TlbDuty duty, long old, MmuGather gather) {
    if (count > 0) {
      gather.add(va, (long) count << AT.shift(), duty, FORMAT.global(old, AT.level()));
    }
  }

  /**
   * Empties leaves, has that flushed, once for all, and stores what each is to be; what it was,
   * where the flush fails.
   */
  private static void breakAndMake(
      long address, int from, int to, long va, long pgprot, TlbDuty duty, MmuGather gather) {
    long[] olds = new long[to - from];
    for (int i = 0; i < olds.length; i++) {
      olds[i] = take(address + ((long) (from + i) << AT.entryShift()));
    }
    boolean flushed = false;
    try {
      boolean global = FORMAT.global(olds[0], AT.level());
      gather.flushNow(va, (long) olds.length << AT.shift(), duty, global);
      flushed = true;
    } finally {
      for (int i = 0; i < olds.length; i++) {
        long raw = flushed ? FORMAT.modify(olds[i], pgprot, AT.level()) : olds[i];
        write(address + ((long) (from + i) << AT.entryShift()), raw);
      }
    }
  }

  /** Empties an entry and returns what it was, with all that hardware set in it. */
  private static long take(long address) {
    long old = read(address);
    while (!replaceAt(address, old, AT.empty())) {
      old = read(address);
    }
    return old;
  }

  /**
   * One leaf, with the marks that hardware has set in it by then.
   *
   * @param seen what it was a moment ago
   */
  private void protectLeaf(
      MmTables mm, long table, int index, long seen, long va, long pgprot, MmuGather gather) {
    long address = writable(mm.space().entryMemory(), entryAddr(table, index));
    long old = seen;
    while (FORMAT.present(old, AT.level())) {
      long changed = FORMAT.modify(old, pgprot, AT.level());
      if (changed == old) {
        return;
      }
      TlbDuty duty = TLB.duty(old, changed, AT.level());
      if (duty.breakBeforeMake()) {
        breakAndMake(address, 0, 1, va, pgprot, duty, gather);
        return;
      }
      if (!ENTRY_WISE) {
        if (BATCH.replace(leaves(mm, table, index, va, gather), index, 1, old, changed) == 1) {
          owe(va, 1, duty, old, gather);
          return;
        }
      } else if (isSettled(old)) {
        write(address, changed);
        owe(va, 1, duty, old, gather);
        return;
      } else if (replaceAt(address, old, changed)) {
        owe(va, 1, duty, old, gather);
        return;
      }
      old = read(address);
    }
  }
}

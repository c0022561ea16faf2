package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.RamView;
import org.mmport.pgtable.HashSlot;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.VaRegion;

/**
 * Segments and a hash table full of everything that entries can say: pages of all sizes, by the
 * primary and by the secondary hash, every right, and entries that look like others but for a bit.
 */
final class HashForest {
  private static final int SEGMENTS = 24;
  private static final int PAGES = 500;

  /** Pages and what may be mapped in segments of them, log2: POWER7 and later. */
  private static final List<List<Integer>> SIZES =
      List.of(List.of(12, 16, 24), List.of(16, 24), List.of(24), List.of(34));

  /** PP0, key, R, C, WIMG, N, PP. */
  private static final long ANY = 1L << 63 | 3L << 60 | 0xe00 | 0x1ff;

  private static final int TAG_HASH = 1;
  private static final int AVPN_SHIFT = 7;
  private static final long SOFTWARE = 0x78;
  private static final long KEYS = 3L << 10;
  private static final long NO_EXECUTE = 1L << 9;

  private static final List<Protection> PROTECTIONS =
      List.of(
          Protection.PAGE_SHARED_EXEC,
          Protection.PAGE_READONLY,
          Protection.PAGE_KERNEL_EXEC,
          Protection.PAGE_KERNEL_RO);

  private final MmuVariant variant;
  private final Ppc64HashGuest guest;
  private final Random random;
  private final LongUnaryOperator frames;
  private final PhysicalMemory memory;
  private final HashMmu.Table place;
  private final HashedPageTable table;
  private final List<HashSegment> segments = new ArrayList<>();
  private final List<Long> addresses = new ArrayList<>();

  /**
   * Fills the hash table of a machine.
   *
   * @param frames physical addresses for pages of so many bytes
   */
  HashForest(
      MmuVariant variant,
      Ppc64HashGuest guest,
      PhysicalMemory memory,
      Random random,
      LongUnaryOperator frames) {
    this.variant = variant;
    this.guest = guest;
    this.random = random;
    this.frames = frames;
    this.memory = memory;
    guest.empty(memory);
    place = locate(variant, guest, memory);
    table = HashedPageTable.over(memory, place);
    while (segments.size() < SEGMENTS) {
      addSegment();
    }
    for (int i = 0; i < PAGES; i++) {
      addPage();
    }
  }

  /** What the port finds by the registers; a POWER8's entries are of the variant's own kind. */
  static HashMmu.Table locate(MmuVariant variant, Ppc64HashGuest guest, PhysicalMemory memory) {
    HashMmu mmu = variant.segmentMap().hashMmu().orElseThrow();
    HashMmu.Table found =
        mmu.locate(guest.cpu().registers(Ppc64HashGuest.TABLE), new RamView(memory)).orElseThrow();
    return guest.cpu() == Ppc64HashCpu.POWER8
        ? new HashMmu.Table(mmu, found.physAddr(), found.groups())
        : found;
  }

  List<HashSegment> segments() {
    return segments;
  }

  /** An address in each page. */
  List<Long> addresses() {
    return addresses;
  }

  HashMmu.Table place() {
    return place;
  }

  /** The operations that load the segments. */
  List<GuestOp> load() {
    List<GuestOp> operations = new ArrayList<>();
    for (int slot = 1; slot < Ppc64HashGuest.SLOTS; slot++) {
      operations.add(
          slot <= segments.size() ? guest.load(slot, segments.get(slot - 1)) : guest.unload(slot));
    }
    return operations;
  }

  /** An address in some segment, or in none. */
  long anyAddress() {
    if (random.nextInt(8) == 0) {
      return random.nextLong();
    }
    HashSegment segment = segments.get(random.nextInt(segments.size()));
    return segment.firstVa() + (random.nextLong() & (1L << segment.shift()) - 1);
  }

  private void addSegment() {
    List<VaRegion> regions = variant.geometry().vaLayout().regions();
    VaRegion region = regions.get(random.nextInt(regions.size()));
    long size = region.lastVa() - region.firstVa();
    // Half of them low, where segments are small.
    long offset = Math.floorMod(random.nextLong(), random.nextBoolean() ? size : 1L << 40);
    long context = 1L + random.nextInt(1 << 16);
    HashSegment given = place.mmu().segment(context, region.firstVa() + offset);
    int usual = variant.geometry().pageShift();
    List<Integer> sizes = SIZES.get(random.nextInt(SIZES.size()));
    int pageShift = random.nextInt(3) > 0 ? usual : sizes.getFirst();
    long flags = random.nextInt(3) > 0 ? given.flags() : random.nextLong() & KEYS;
    HashSegment segment =
        new HashSegment(
            given.firstVa(),
            given.shift(),
            given.vsid(),
            given.shift() == 28 && pageShift == 34 ? usual : pageShift,
            random.nextInt(8) == 0 ? flags | NO_EXECUTE : flags);
    boolean apart =
        segments.stream()
            .noneMatch(s -> s.contains(segment.firstVa()) || segment.contains(s.firstVa()));
    if (apart && !guest.isOwn(segment.firstVa())) {
      segments.add(segment);
    }
  }

  private void addPage() {
    HashSegment segment = segments.get(random.nextInt(segments.size()));
    List<Integer> sizes =
        SIZES.stream().filter(s -> s.getFirst() == segment.pageShift()).findFirst().orElseThrow();
    int shift = sizes.get(random.nextInt(sizes.size()));
    long va = segment.firstVa() + (random.nextLong() & (1L << segment.shift()) - 1);
    if (table.find(segment, va).isPresent()) {
      return; // twice in the table would be a machine check
    }
    addresses.add(va);
    long physAddr = frames.applyAsLong(1L << shift);
    Protection protection = PROTECTIONS.get(random.nextInt(PROTECTIONS.size()));
    long raw = variant.format().mkLeaf(physAddr, variant.format().pgprot(protection), Level.PTE);
    if (random.nextInt(3) == 0) {
      fillPrimary(segment, va);
    }
    HashSlot slot = table.insert(segment, va, raw, Level.PTE, shift).slot();
    HashEntry entry = slot.entry();
    long data = sound(entry.data() ^ (noise(6) & ANY));
    store(slot.index(), disguised(entry.tag() ^ (noise(6) & SOFTWARE), segment), data);
  }

  /** Now and then an entry that does not translate the address, though nearly. */
  private long disguised(long tag, HashSegment segment) {
    return switch (random.nextInt(16)) {
      case 0 -> tag & ~Ppc64HashGuest.VALID;
      case 1 -> tag ^ 1L << TAG_HASH;
      case 2 ->
          tag ^ 1L << (AVPN_SHIFT + Math.max(23, segment.pageShift()) - 23 + random.nextInt(40));
      default -> tag;
    };
  }

  /** PP of 1x0 and 1x1 but 110 are reserved. */
  private static long sound(long data) {
    return data < 0 && (data & 3) != 2 ? data & Long.MAX_VALUE : data;
  }

  /** Entries of other segments, so that the next one finds its group full. */
  private void fillPrimary(HashSegment segment, long va) {
    long group = place.mmu().hash(segment, va, 0) & place.groups() - 1;
    for (int i = 0; i < place.mmu().groupEntries(); i++) {
      long index = group * place.mmu().groupEntries() + i;
      if (load(index) == 0) {
        store(index, Ppc64HashGuest.foreignTag(random), random.nextLong() & ANY);
      }
    }
  }

  private long load(long index) {
    return new RamView(memory)
        .load(Ppc64HashGuest.entryAddr(index), place.mmu().byteOrder())
        .orElseThrow();
  }

  private void store(long index, long tag, long data) {
    Ppc64Ram.store(memory, Ppc64HashGuest.entryAddr(index) + 8, data);
    Ppc64Ram.store(memory, Ppc64HashGuest.entryAddr(index), tag);
  }

  private long noise(int oneIn) {
    long bits = 0;
    for (int bit = 0; bit < Long.SIZE; bit++) {
      bits |= random.nextInt(oneIn) == 0 ? 1L << bit : 0;
    }
    return bits;
  }

  /** What a hash table says of an address, under these segments. */
  Optional<HashSlot> slot(HashedPageTable in, long va) {
    return segments.stream()
        .filter(segment -> segment.contains(va))
        .findFirst()
        .flatMap(segment -> in.find(segment, va));
  }
}

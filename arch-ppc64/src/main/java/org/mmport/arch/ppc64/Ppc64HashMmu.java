package org.mmport.arch.ppc64;

import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.mmport.spi.HashBits;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashNotes;
import org.mmport.spi.HashSegment;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MemoryView;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Registers;
import org.mmport.spi.Rights;

/**
 * Segments (Power ISA 3.0B Book III, section 5.7.8) and hash table: {@code hpt_hash()}, {@code
 * hpte_encode_avpn()}, {@code HPTE_V_*} and {@code HPTE_R_*} in Linux {@code book3s/64/mmu-hash.h},
 * {@code htab_convert_pte_flags()} in {@code mm/book3s64/hash_utils.c}, and what QEMU makes of
 * them, {@code ppc_hash64_htab_lookup()} in target/ppc/mmu-hash64.c. Page sizes are those of POWER7
 * to POWER9.
 *
 * @param tree its entries
 * @param leaf how its leaves are hashed
 * @param notes where they note that
 * @param form of the hash table's entries
 */
record Ppc64HashMmu(
    PteFormat tree, Ppc64Vsids vsids, Ppc64HashedLeaf leaf, HashNotes notes, Form form)
    implements HashMmu {
  static final int SHIFT_256M = 28;
  static final int SHIFT_1T = 40;

  /**
   * Where the size of the segment stands: from POWER9 on beside the frame, before beside the tag.
   */
  enum Form {
    POWER8,
    ISA_3_0
  }

  private static final long VALID = 1;
  private static final long SECONDARY = 2;
  private static final long LARGE = 4;
  private static final int AVPN_SHIFT = 7;
  private static final long AVPN = 0x3fff_ffff_ffff_ff80L;

  /** {@code HPTE_V_COMMON_BITS}: what ISA 3.0 has of the tag, for 68 bits of virtual address. */
  private static final long COMMON = 0x000f_ffff_ffff_ffffL;

  private static final int B_SHIFT_TAG = 62;
  private static final int B_SHIFT_DATA = 58;

  /** {@code HPTE_R_RPN_3_0}: what both formats have, and more than any CPU. */
  private static final long RPN = 0x01ff_ffff_ffff_f000L;

  static final long PP0 = 1L << 63;
  static final long KEY = 0x3000_0000_0000_0e00L;
  static final long R = 1L << 8;
  static final long C = 1L << 7;
  static final long W = 1L << 6;
  static final long I = 1L << 5;
  static final long M = 1L << 4;
  static final long G = 1L << 3;
  static final long N = 1L << 2;
  private static final long PROTECTION = PP0 | KEY | R | C | W | I | M | G | N | 3;
  private static final HashBits BITS =
      new HashBits(8, ByteOrder.BIG_ENDIAN, VALID, SECONDARY, R, C, PROTECTION);

  private static final long SLB_VALID = 1L << 27;
  static final long SLB_KS = 1L << 11;
  static final long SLB_KP = 1L << 10;
  private static final long SLB_N = 1L << 9;
  private static final long SLB_PAGE = 0x130;

  private static final long HASH_MASK = (1L << 39) - 1;

  /** HTABORG and HTABSIZE, in SDR1 and in a partition table entry. */
  private static final long HTABORG = 0x0fff_ffff_fffc_0000L;

  /**
   * A page size within segments of a base page size: {@code ibm,segment-page-sizes}.
   *
   * @param slb L and LP of the SLB entry
   * @param encoding in the low bits of the frame; none in entries of 4 KiB
   */
  private record PageSize(int baseShift, long slb, int shift, long encoding) {
    long mask() {
      return (1L << Math.min(shift, 20)) - (1L << 12);
    }

    static PageSize of(HashSegment segment, int shift) {
      for (PageSize size : PAGE_SIZES) {
        if (size.baseShift == segment.pageShift() && size.shift == shift) {
          return size;
        }
      }
      throw new InvalidRequestException(
          "page of 2^%d bytes in a segment of 2^%d: sizes are %s"
              .formatted(
                  shift, segment.pageShift(), PAGE_SIZES.stream().map(PageSize::shift).toList()));
    }
  }

  private static final List<PageSize> PAGE_SIZES =
      List.of(
          new PageSize(12, 0, 12, 0),
          new PageSize(12, 0, 16, 7L << 12),
          new PageSize(12, 0, 24, 0x38L << 12),
          new PageSize(16, 0x110, 16, 1L << 12),
          new PageSize(16, 0x110, 24, 8L << 12),
          new PageSize(24, 0x100, 24, 0),
          new PageSize(34, 0x120, 34, 3L << 12));

  private static final int LP_BITS = 8;

  /** The sizes of entries with L set, by base page size and what stands where sizes are encoded. */
  private static final byte[] LARGE_SHIFTS = new byte[Long.SIZE << LP_BITS];

  static {
    for (int i = 0; i < LARGE_SHIFTS.length; i++) {
      for (PageSize size : PAGE_SIZES) {
        if (size.baseShift() == i >> LP_BITS
            && size.shift() > 12
            && ((long) i << 12 & size.mask()) == size.encoding()) {
          LARGE_SHIFTS[i] = (byte) size.shift();
        }
      }
    }
  }

  @Override
  public HashBits bits() {
    return BITS;
  }

  /** SDR1, or entry LPIDR of the partition table where its HR says hash. */
  @Override
  public Optional<Table> locate(Registers registers, MemoryView memory) {
    if (registers.get("sdr1").isPresent()) {
      return Optional.of(table(Form.POWER8, registers.get("sdr1").getAsLong()));
    }
    long ptcr = registers.get("ptcr").orElse(0) & 0x0fff_ffff_ffff_f000L;
    long entry = ptcr + 16 * registers.get("lpidr").orElse(0);
    long found = memory.load(entry, byteOrder()).orElse(-1);
    return ptcr == 0 || found < 0 ? Optional.empty() : Optional.of(table(Form.ISA_3_0, found));
  }

  private Table table(Form found, long origin) {
    HashMmu mmu = new Ppc64HashMmu(tree, vsids, leaf, notes, found);
    return new Table(mmu, origin & HTABORG, 1L << (11 + (origin & 31)));
  }

  @Override
  public HashSegment segment(long context, long va) {
    return vsids.segment(context, va, notes.geometry().pageShift());
  }

  @Override
  public Optional<HashSegment> slbSegment(long esidWord, long vsidWord) {
    if ((esidWord & SLB_VALID) == 0) {
      return Optional.empty();
    }
    int shift = vsidWord >>> B_SHIFT_TAG == 0 ? SHIFT_256M : SHIFT_1T;
    long vsid = (vsidWord & -1L >>> 2) >>> (shift - 16);
    return PAGE_SIZES.stream()
        .filter(size -> size.slb() == (vsidWord & SLB_PAGE))
        .findFirst()
        .map(
            size ->
                new HashSegment(
                    esidWord & -1L << shift, shift, vsid, size.baseShift(), vsidWord & 0xe00));
  }

  /** {@code hpt_hash()}; the secondary is its complement. */
  @Override
  public long hash(HashSegment segment, long va, int which) {
    long page = segment.offset(va) >>> segment.pageShift();
    long vsid = segment.vsid();
    long hash = segment.shift() == SHIFT_1T ? vsid ^ vsid << 25 ^ page : vsid ^ page;
    return (which == 0 ? hash : ~hash) & HASH_MASK;
  }

  @Override
  public boolean matches(HashEntry entry, HashSegment segment, long va, int which) {
    return tagOf(entry) == (tag(segment, va) | VALID | (which == 0 ? 0 : SECONDARY))
        && encodedShift(entry, segment.pageShift()) != 0;
  }

  /** Of the page's number, entries leave out what the hash tells: up to 11 bits. */
  @Override
  public OptionalLong va(HashEntry entry, HashSegment segment, long group, long groups) {
    long low = Math.max(23, segment.pageShift());
    long avpn = (tagOf(entry) & AVPN) >>> AVPN_SHIFT;
    long inSegment = avpn & (1L << (segment.shift() - 23)) - 1;
    if ((avpn ^ inSegment) << AVPN_SHIFT != (tag(segment, segment.firstVa()) & AVPN)) {
      return OptionalLong.empty();
    }
    long first = segment.firstVa() | (inSegment << 23 & -1L << low);
    return LongStream.range(0, 1L << (low - segment.pageShift()))
        .map(page -> first | page << segment.pageShift())
        .filter(va -> (hash(segment, va, which(entry)) & groups - 1) == group)
        .filter(va -> matches(entry, segment, va, which(entry)))
        .findFirst();
  }

  /** Without L and software's bits, in the form of POWER8. */
  private long tagOf(HashEntry entry) {
    boolean old = form == Form.POWER8;
    long b = old ? entry.tag() >>> B_SHIFT_TAG : entry.data() >>> B_SHIFT_DATA & 3;
    long bits = AVPN | SECONDARY | VALID;
    return (entry.tag() & (old ? bits : bits & COMMON)) | b << B_SHIFT_TAG;
  }

  /** {@code hpte_encode_avpn()}: the virtual address without its low 23 bits, and B. */
  private static long tag(HashSegment segment, long va) {
    long low = Math.max(23, segment.pageShift());
    long inSegment = segment.offset(va) >>> low << (low - 23);
    long avpn = segment.vsid() << (segment.shift() - 23) | inSegment;
    return (avpn << AVPN_SHIFT & AVPN) | b(segment) << B_SHIFT_TAG;
  }

  private static long b(HashSegment segment) {
    return segment.shift() == SHIFT_1T ? 1 : 0;
  }

  /** 0 where no size that the segment may have is encoded. */
  private static int encodedShift(HashEntry entry, int baseShift) {
    if ((entry.tag() & LARGE) == 0) {
      return baseShift == 12 ? 12 : 0;
    }
    int encoding = (int) (entry.data() >>> 12) & ((1 << LP_BITS) - 1);
    return LARGE_SHIFTS[(baseShift << LP_BITS) | encoding];
  }

  @Override
  public int shift(HashEntry entry, HashSegment segment) {
    int shift = encodedShift(entry, segment.pageShift());
    return shift == 0 ? segment.pageShift() : shift;
  }

  @Override
  public long physAddr(HashEntry entry, int shift) {
    return entry.data() & RPN & -1L << shift;
  }

  /**
   * The key is Ks for the kernel, Kp for the user; PP says what each key may do. Nothing is fetched
   * from where N or G is set.
   */
  @Override
  public int rights(HashEntry entry, HashSegment segment) {
    boolean exec = (entry.data() & (N | G)) == 0 && (segment.flags() & SLB_N) == 0;
    return rights(entry, exec, (segment.flags() & SLB_KS) != 0)
        | rights(entry, exec, (segment.flags() & SLB_KP) != 0) << 3;
  }

  private static int rights(HashEntry entry, boolean exec, boolean key) {
    int pp = (int) (entry.data() & 3) | (entry.data() < 0 ? 4 : 0);
    boolean write = pp == 2 || (!key && pp < 2);
    boolean read = write || pp == 3 || pp == 1 || (!key && pp == 6);
    return (read ? Rights.KERNEL_READ : 0)
        | (write ? Rights.KERNEL_WRITE : 0)
        | (read && exec ? Rights.KERNEL_EXEC : 0);
  }

  @Override
  public HashEntry encode(
      HashSegment segment, long va, long raw, Level level, int shift, int which) {
    PageSize size = PageSize.of(segment, shift);
    long tag =
        tag(segment, va) | VALID | (size.shift() > 12 ? LARGE : 0) | (which == 0 ? 0 : SECONDARY);
    long data = (tree.physAddr(raw, level) & -1L << shift) | size.encoding() | leaf.protection(raw);
    return form == Form.POWER8
        ? new HashEntry(tag, data)
        : new HashEntry(tag & COMMON, data | b(segment) << B_SHIFT_DATA);
  }
}

package org.mmport.arch.ppc64;

import static org.mmport.spi.EntryField.bit;
import static org.mmport.spi.EntryKind.HUGE;
import static org.mmport.spi.EntryKind.PAGE;
import static org.mmport.spi.EntryKind.SWAP;
import static org.mmport.spi.EntryKind.TABLE;

import java.util.List;
import java.util.stream.Stream;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryRole;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * Entries of radix trees, and of the trees from which Linux fills a hash table: Power ISA 3.0B Book
 * III, section 5.7.10.2 (page directory and page table entries); software bits and the {@code mk*}
 * rules: Linux {@code arch/powerpc/include/asm/book3s/64/pgtable.h} and {@code radix.h}.
 *
 * @param tree what radix and hash trees differ in
 */
record Ppc64PteFormat(List<EntryField> fields, PteBits bits, Ppc64Tree tree) implements PteFormat {
  static final long V = 1L << 63;

  /** L in the manual, {@code _PAGE_PTE} in Linux: a leaf, not a table. */
  static final long L = 1L << 62;

  /** {@code _PAGE_INVALID}: kept from hardware while a huge leaf is split. */
  static final long INVALID = 1L << 61;

  static final long SOFT_DIRTY = 1L << 9;
  static final long R = 1L << 8;
  static final long C = 1L << 7;
  static final long ATT = 3L << 4;
  private static final long NON_IDEMPOTENT = 2L << 4;
  static final long PRIVILEGED = 8;
  static final long READ = 4;
  static final long WRITE = 2;
  static final long EXEC = 1;
  static final long RWX = READ | WRITE | EXEC;

  /** {@code PTE_RPN_MASK}: the manual has 4 bits more, which no CPU uses. */
  static final long ADDRESS = (1L << 53) - (1L << 12);

  static final long NLB = (1L << 53) - (1L << 8);
  static final long NLS = 31;

  static Ppc64PteFormat forTree(Ppc64Tree tree) {
    List<EntryField> fields =
        Stream.concat(tree.own().stream(), common(tree).stream())
            .map(field -> field.in(tree.kinds()))
            .filter(field -> !field.kinds().isEmpty())
            .toList();
    return new Ppc64PteFormat(fields, PteBits.of(fields), tree);
  }

  private static List<EntryField> common(Ppc64Tree tree) {
    int pmdShift = tree.pmdShift();
    boolean low = tree.pageShift() == 12;
    return List.of(
        bit("V", 63, EntryRole.VALID, "valid"),
        bit("L", 62, EntryRole.LEAF, "leaf: _PAGE_PTE", TABLE, HUGE, PAGE),
        bit("INVALID", 61, EntryRole.OTHER, "software: kept from hardware", HUGE, PAGE),
        EntryField.of("RPN", 52, pmdShift, EntryRole.FRAME, "low bits 0 in larger leaves", HUGE),
        EntryField.of("RPN", pmdShift - 1, 12, EntryRole.IGNORED, "below the leaf's size", HUGE),
        EntryField.of("RPN", 52, 16, EntryRole.FRAME, "physical address", PAGE),
        EntryField.of("SW", 11, 11, EntryRole.IGNORED, "software", HUGE, PAGE),
        bit("SPECIAL", 10, EntryRole.SPECIAL, "software: no struct page", HUGE, PAGE),
        bit("SOFT_DIRTY", 9, EntryRole.SOFT_DIRTY, "software: written to", HUGE, PAGE),
        bit("R", 8, EntryRole.YOUNG, "reference", HUGE, PAGE),
        bit("C", 7, EntryRole.DIRTY, "change", HUGE, PAGE),
        EntryField.of("ATT", 5, 4, EntryRole.MEMORY_TYPE, "storage attributes", HUGE, PAGE),
        bit("EAA0", 3, EntryRole.OTHER, "privileged only", HUGE, PAGE),
        bit("EAA1", 2, EntryRole.READ, "may be read", HUGE, PAGE),
        bit("EAA2", 1, EntryRole.WRITE, "may be read and written", HUGE, PAGE),
        bit("EAA3", 0, EntryRole.EXEC, "may be executed", HUGE, PAGE),
        EntryField.of("RSV", 61, 60, EntryRole.IGNORED, "reserved", TABLE),
        EntryField.of("NLB", 59, 53, EntryRole.RESERVED, "above what any CPU has", TABLE),
        EntryField.of("NLB", 52, 8, EntryRole.FRAME, "next level base", TABLE),
        EntryField.of("RSV", 7, 5, EntryRole.IGNORED, "reserved", TABLE),
        EntryField.of("NLS", 4, 0, EntryRole.OTHER, "index bits of the next level", TABLE),
        // the macros after "Encode and de-code a swap entry"; every stored pte carries _PAGE_PTE
        bit("PTE", 62, EntryRole.OTHER, "always 1", SWAP),
        EntryField.of("0", 61, 53, EntryRole.RESERVED, "or it would count as present", SWAP),
        EntryField.of("OFFSET", 52, 16, EntryRole.SWAP_OFFSET, "offset", SWAP),
        EntryField.of(
            "OFFSET", 15, 12, low ? EntryRole.SWAP_OFFSET : EntryRole.RESERVED, "as RPN", SWAP),
        EntryField.of("0", 11, 10, EntryRole.RESERVED, "0", SWAP),
        bit("SD", 9, EntryRole.SOFT_DIRTY, "soft-dirty", SWAP),
        EntryField.of("0", 8, 6, EntryRole.RESERVED, "0", SWAP),
        bit("E", 5, EntryRole.SWAP_EXCLUSIVE, "anonymous exclusive", SWAP),
        EntryField.of("TYPE", 4, 0, EntryRole.SWAP_TYPE, "which swap device", SWAP));
  }

  /** {@code pte_hw_valid()}; a leaf without any right (PROT_NONE) lets nothing through. */
  @Override
  public boolean valid(long raw, Level level) {
    return (raw & V) != 0 && (leafBit(raw) ? (raw & RWX) != 0 : level != Level.PTE);
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return level == Level.PTE || (leafBit(raw) && level != Level.PGD);
  }

  /** A table of another size than the tree has at this level would be walked wrongly. */
  @Override
  public long reserved(long raw, Level level) {
    if (leafBit(raw)) {
      return raw & (level == Level.PGD ? L : tree.zeroInLeaf());
    }
    return (raw & 0x7fL << 53) | ((raw & NLS) ^ nextLevelSize(level));
  }

  private int nextLevelSize(Level level) {
    return level == Level.PMD ? tree.pmdSize() : tree.upperSize();
  }

  /**
   * EAA: writing includes reading, and what the user may do the kernel may do. Nothing is run from
   * non-idempotent I/O, which is guarded.
   */
  @Override
  public int rights(long raw, Level level) {
    if (!leaf(raw, level)) {
      return Rights.ALL;
    }
    int kernel =
        ((raw & (READ | WRITE)) != 0 ? Rights.KERNEL_READ : 0)
            | ((raw & WRITE) != 0 ? Rights.KERNEL_WRITE : 0)
            | ((raw & EXEC) != 0 && (raw & ATT) != NON_IDEMPOTENT ? Rights.KERNEL_EXEC : 0);
    return (raw & PRIVILEGED) != 0 ? kernel : kernel | kernel << 3;
  }

  @Override
  public long frameMask(Level level) {
    int shift = level == Level.PMD ? tree.pmdShift() : tree.pudShift();
    return ADDRESS & -1L << (level == Level.PTE ? tree.pageShift() : shift);
  }

  /** {@code RADIX_PTE_NONE_MASK}, {@code H_PTE_NONE_MASK}. */
  @Override
  public boolean none(long raw, Level level) {
    return (level == Level.PTE ? raw & ~tree.lateBits() : raw) == 0;
  }

  /** {@code pte_present()}, {@code pmd_present()}. */
  @Override
  public boolean present(long raw, Level level) {
    return (raw & (V | INVALID)) != 0 && (level != Level.PTE || leafBit(raw));
  }

  /** {@code RADIX_PMD_BAD_BITS}, {@code H_PMD_BAD_BITS}. */
  @Override
  public boolean bad(long raw, Level level) {
    return (raw & (V | tree.badBits())) != V;
  }

  @Override
  public boolean protnone(long raw, Level level) {
    return (raw & (V | L | RWX)) == (V | L);
  }

  @Override
  public long mkDirty(long raw, Level level) {
    return raw | C | SOFT_DIRTY;
  }

  /** {@code pte_write()}, {@code pte_savedwrite()}: a PROT_NONE leaf remembers it in EAA0. */
  @Override
  public boolean write(long raw, Level level) {
    return (raw & WRITE) != 0 || (raw & (PRIVILEGED | RWX)) == 0;
  }

  @Override
  public long mkWrite(long raw, Level level) {
    return (raw & RWX) == 0 ? raw & ~PRIVILEGED : raw | READ | WRITE;
  }

  @Override
  public long wrProtect(long raw, Level level) {
    return (raw & RWX) == 0 ? raw | PRIVILEGED : raw & ~WRITE;
  }

  @Override
  public long mkInvalid(long raw, Level level) {
    return (raw & ~V) | INVALID;
  }

  /** {@code protection_map} and {@code PAGE_KERNEL*}; radix also knows execute-only. */
  @Override
  public long pgprot(Protection protection) {
    long type =
        switch (protection.memoryType()) {
          case WRITE_BACK -> 0;
          case UNCACHED -> NON_IDEMPOTENT;
          case WRITE_COMBINE -> 3L << 4;
          case WRITE_THROUGH ->
              throw new InvalidRequestException(
                  "memory type WRITE_THROUGH: ATT has none; take UNCACHED or WRITE_COMBINE");
        };
    boolean kernel = protection.owner() == TableOwner.KERNEL;
    boolean write = protection.write() && protection.shared();
    return V
        | R
        | type
        | bits.keyBits(protection.key())
        | (kernel || protection.isNone() ? PRIVILEGED : 0)
        | (protection.read() || protection.write() ? READ : 0)
        | (write ? WRITE : 0)
        | (write && kernel ? C : 0)
        | (protection.exec() ? EXEC | tree.withExec() : 0);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    return physAddr | pgprot | L;
  }

  /** {@code pte_modify()}. */
  @Override
  public long modify(long raw, long pgprot, Level level) {
    long protection = V | INVALID | PRIVILEGED | RWX | bits.key();
    return (raw & ~protection) | (pgprot & protection);
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    return raw;
  }

  /** {@code RADIX_PMD_VAL_BITS} and its like. */
  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return physAddr | V | nextLevelSize(level);
  }

  @Override
  public long mkSwap(int type, long offset, Level level) {
    long zero = type == 0 && offset == 0 ? 0 : PteFormat.super.mkSwap(type, offset, level);
    return zero | L;
  }

  private static boolean leafBit(long raw) {
    return (raw & L) != 0;
  }
}

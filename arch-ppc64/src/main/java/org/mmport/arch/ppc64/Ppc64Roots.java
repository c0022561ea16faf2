package org.mmport.arch.ppc64;

import static org.mmport.arch.ppc64.Ppc64PteFormat.ADDRESS;
import static org.mmport.arch.ppc64.Ppc64PteFormat.L;
import static org.mmport.arch.ppc64.Ppc64PteFormat.NLB;
import static org.mmport.arch.ppc64.Ppc64PteFormat.NLS;
import static org.mmport.arch.ppc64.Ppc64PteFormat.V;

import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.mmport.spi.MemoryView;
import org.mmport.spi.Registers;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootLookup;

/**
 * Roots of radix trees, out of the process table (Power ISA 3.0B Book III, section 5.7.6): named as
 * {@code prtb}, found through {@code ptcr}, or, where a hypervisor keeps the partition table, by
 * what Linux puts into its entry 0.
 *
 * @param pteIndexBits of the variant, which a tree shows in the entries above its last level
 */
record Ppc64Roots(int pteIndexBits) implements RootFinder {
  /** RTS for 52 bits and RPDS for a root of 13: {@code radix__get_tree_size()}. */
  private static final long TREE = 0x4000_0000_0000_00adL;

  private static final long TREE_MASK = 0x6000_0000_0000_00ffL;
  private static final long BASE = 0x0fff_ffff_ffff_f000L;
  private static final long ROOT = (1L << 53) - (1L << 16);
  private static final long LPCR_HR = 1L << 20;
  private static final int ROOT_ENTRIES = 1 << 13;

  /** Entries followed in each table: all tables of a tree are alike, and garbage must end. */
  private static final int FOLLOWED = 16;

  @Override
  public RootLookup find(Registers registers) {
    return find(registers, MemoryView.NONE);
  }

  @Override
  public RootLookup find(Registers registers, MemoryView memory) {
    if ((registers.get("lpcr").orElse(LPCR_HR) & LPCR_HR) == 0) {
      return RootLookup.no("LPCR[HR] is 0: hashed");
    }
    long[] tables = processTables(registers, memory).toArray();
    if (tables.length != 1) {
      return RootLookup.no(
          "process tables found: %s; name one with prtb"
              .formatted(LongStream.of(tables).limit(9).mapToObj(Long::toHexString).toList()));
    }
    OptionalLong pid = registers.get("pid");
    if (pid.isEmpty()) {
      return RootLookup.no(
          "process table at 0x%x, but which pid? 0 is the kernel's".formatted(tables[0]));
    }
    long kernel = load(memory, tables[0]);
    long user = load(memory, tables[0] + 16 * pid.getAsLong());
    if (!isTree(kernel) || !isTree(user)) {
      return RootLookup.no("no tree for pid %d at 0x%x".formatted(pid.getAsLong(), tables[0]));
    }
    List<Long> roots = List.of(user & ROOT, kernel & ROOT);
    long wrong = pteIndexBits == 5 ? 9 : 5;
    return roots.stream().anyMatch(root -> hasLastLevelOf(memory, root, ROOT_ENTRIES, 2, wrong))
        ? RootLookup.no("its last level has %d index bits".formatted(wrong))
        : new RootLookup.Found(roots);
  }

  private static LongStream processTables(Registers registers, MemoryView memory) {
    OptionalLong prtb = registers.get("prtb");
    long ptcr = registers.get("ptcr").orElse(0) & BASE;
    if (prtb.isPresent()) {
      return LongStream.of(prtb.getAsLong() & BASE);
    }
    if (ptcr != 0) {
      long partition = ptcr + 16 * registers.get("lpidr").orElse(0);
      return LongStream.of(load(memory, partition + 8) & BASE);
    }
    return memory.aligned(4096).filter(table -> startsLikeLinux(memory, table));
  }

  /** Entry 0 is the kernel's tree, and that maps the linear map's first page to address 0. */
  private static boolean startsLikeLinux(MemoryView memory, long table) {
    long entry = load(memory, table);
    if (!isTree(entry) || load(memory, table + 8) != 0) {
      return false;
    }
    long next = entry & ROOT;
    for (int depth = 0; depth < 4; depth++) {
      long raw = load(memory, next);
      if ((raw & V) == 0) {
        return false;
      }
      if ((raw & L) != 0) {
        return depth > 0 && (raw & ADDRESS) == 0;
      }
      next = raw & NLB;
    }
    return false;
  }

  private static boolean hasLastLevelOf(
      MemoryView memory, long table, int entries, int above, long bits) {
    return LongStream.range(0, entries)
        .map(i -> load(memory, table + 8 * i))
        .filter(raw -> (raw & (V | L)) == V)
        .limit(FOLLOWED)
        .anyMatch(
            raw ->
                above == 0
                    ? (raw & NLS) == bits
                    : hasLastLevelOf(memory, raw & NLB, 512, above - 1, bits));
  }

  private static boolean isTree(long entry) {
    return (entry & TREE_MASK) == TREE && (entry & ROOT) != 0;
  }

  private static long load(MemoryView memory, long physAddr) {
    return memory.load(physAddr, ByteOrder.BIG_ENDIAN).orElse(0);
  }
}

package org.mmport.pgtable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.VaRegion;

/**
 * Reads page tables as the variant's hardware would, in simulated memory and in dumps. Pure: it
 * writes nothing, allocates no table and keeps no state (requirement R2.23), so any number of
 * threads may use one.
 */
public abstract class TableWalker {
  /** What {@link #translate} answers where hardware would fault. */
  public static final long NOT_MAPPED = -1;

  private final MmuVariant variant;
  private final EntryCode code;
  final EntryMemory memory;
  final long[] roots;

  TableWalker(VariantCode code, EntryMemory memory, long[] roots) {
    this.variant = code.variant();
    this.memory = memory;
    this.code = code.walks();
    this.roots = roots;
  }

  /**
   * A walker over tables that are already in memory.
   *
   * @param roots physical address of each root table, by {@link VaRegion#root()}
   * @throws InvalidRequestException when the number of roots is not the variant's, or one is not
   *     aligned as it must be
   */
  public static TableWalker over(PhysicalMemory memory, MmuVariant variant, List<Long> roots) {
    PagingGeometry geometry = variant.geometry();
    int needed = geometry.vaLayout().roots();
    if (roots.size() != needed) {
      throw new InvalidRequestException(
          "%d roots given: %s has %d (%s)"
              .formatted(roots.size(), variant.id(), needed, geometry.vaLayout().regions()));
    }
    int align = geometry.at(geometry.rootLevel()).placement().alignBytes();
    for (long root : roots) {
      if (root < 0 || root % align != 0) {
        throw new InvalidRequestException(
            "root 0x%x: must be aligned to the %d bytes of a %s %s table"
                .formatted(root, align, variant.id(), geometry.rootLevel()));
      }
    }
    return VariantCode.of(variant, memory)
        .newWalker(
            new EntryMemory(memory, geometry), roots.stream().mapToLong(Long::longValue).toArray());
  }

  static TableWalker over(TableSpace space, long[] roots) {
    return space.variantCode().newWalker(space.entryMemory(), roots);
  }

  public MmuVariant variant() {
    return variant;
  }

  /** Physical address of a root table. */
  public long root(int index) {
    return roots[index];
  }

  /**
   * The physical address that a CPU would reach, whatever the rights, or {@link #NOT_MAPPED} where
   * it would fault. The fast way; {@link #walk} says why.
   *
   * <p>Entries are read as plain fields of Java are: once is enough for a loop in which nothing
   * else happens. Who waits for another thread's change calls {@link Thread#onSpinWait} in it, or
   * takes the lock under which the change is made.
   */
  public abstract long translate(long va);

  /** Every step of a translation, and how it ended. Never throws, whatever the tables hold. */
  public Walk walk(long va) {
    PagingGeometry geometry = variant.geometry();
    PteFormat format = variant.format();
    List<WalkStep> steps = new ArrayList<>();
    Optional<VaRegion> region = geometry.vaLayout().regionOf(va);
    Level level = geometry.rootLevel();
    if (region.isEmpty()) {
      String detail =
          "address 0x%016x is in no region that %s translates".formatted(va, variant.id());
      return new Walk(va, steps, new Outcome.Fault(FaultReason.NON_CANONICAL, level, detail));
    }
    long table = roots[region.get().root()];
    int rights = Rights.ALL;
    while (true) {
      int index = geometry.index(level, va);
      long entryAddr = table + (long) index * geometry.entryBytes();
      if (!memory.contains(entryAddr, geometry.entryBytes())) {
        String detail =
            "%s table at 0x%x lies outside memory, which is %s"
                .formatted(level, table, memory.memory().describe());
        return new Walk(va, steps, new Outcome.Fault(FaultReason.OUTSIDE_MEMORY, level, detail));
      }
      long raw = code.load(memory, entryAddr, level);
      steps.add(new WalkStep(level, table, index, entryAddr, raw));
      if (!format.valid(raw, level)) {
        String detail =
            "%s entry 0x%x at 0x%x is %s".formatted(level, raw, entryAddr, invalidKind(raw, level));
        return new Walk(va, steps, new Outcome.Fault(FaultReason.NOT_PRESENT, level, detail));
      }
      long reserved = format.reserved(raw, level);
      if (reserved != 0) {
        String detail =
            "%s entry 0x%x at 0x%x has reserved bits 0x%x set"
                .formatted(level, raw, entryAddr, reserved);
        return new Walk(va, steps, new Outcome.Fault(FaultReason.RESERVED_BIT, level, detail));
      }
      rights &= format.rights(raw, level);
      if (isLeaf(raw, level)) {
        long sizeBytes = geometry.spanBytes(level);
        long physAddr = format.physAddr(raw, level) + (va & (sizeBytes - 1));
        int left = format.effectiveRights(rights);
        return new Walk(va, steps, new Outcome.Mapped(physAddr, sizeBytes, level, raw, left));
      }
      table = format.tableAddr(raw, level);
      level = geometry.nextReal(level);
    }
  }

  private String invalidKind(long raw, Level level) {
    PteFormat format = variant.format();
    if (format.none(raw, level)) {
      return "none";
    }
    if (format.protnone(raw, level)) {
      return "PROT_NONE";
    }
    return format.present(raw, level) ? "kept from hardware" : "not present (swap or alike)";
  }

  private boolean isLeaf(long raw, Level level) {
    LevelGeometry at = variant.geometry().at(level);
    return level == Level.PTE || (at.leafAllowed() && variant.format().leaf(raw, level));
  }

  /** Visits everything that is mapped, with a bound on revisits that no sane kernel reaches. */
  public WalkSummary visit(TableVisitor visitor) {
    return new TableVisit(variant, memory, code, roots, visitor, TableVisit.DEFAULT_REVISITS).all();
  }

  /** Visits what is mapped from {@code firstVa} to {@code lastVa}, both inclusive and unsigned. */
  public WalkSummary visit(long firstVa, long lastVa, TableVisitor visitor) {
    return new TableVisit(variant, memory, code, roots, visitor, TableVisit.DEFAULT_REVISITS)
        .range(firstVa, lastVa);
  }

  /**
   * Visits everything that is mapped.
   *
   * @param revisits how many times a table may be entered that was entered before. Tables may be
   *     reached twice, as kernels do on purpose (zero shadows, self-maps), but a corrupt dump can
   *     reach them in exponentially many ways.
   */
  public WalkSummary visit(TableVisitor visitor, long revisits) {
    return new TableVisit(variant, memory, code, roots, visitor, revisits).all();
  }
}

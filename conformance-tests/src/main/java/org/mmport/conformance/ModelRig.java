package org.mmport.conformance;

import java.util.List;
import java.util.Optional;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableWalker;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/** Page tables next to the plain model of what they should hold. */
final class ModelRig implements AutoCloseable {
  private final ClauseContext c;
  private final Machine machine;
  private final PageTable table;
  private final Rig rig;
  private final AddressModel model = new AddressModel();

  ModelRig(ClauseContext c) {
    this.c = c;
    this.machine = c.machine();
    this.table = machine.pageTable(TableOwner.USER);
    this.rig = new Rig(c, machine, table);
  }

  Machine machine() {
    return machine;
  }

  PageTable table() {
    return table;
  }

  Rig rig() {
    return rig;
  }

  ReferenceReader reader() {
    return rig.reader();
  }

  void map(long va, long physAddr, long sizeBytes, Protection protection, Level largest) {
    rig.map(va, physAddr, sizeBytes, protection, largest);
    model.map(va, sizeBytes, physAddr, protection);
  }

  void unmap(long va, long sizeBytes) {
    rig.unmap(va, sizeBytes);
    model.unmap(va, sizeBytes);
  }

  void protect(long va, long sizeBytes, Protection protection) {
    rig.protect(va, sizeBytes, protection);
    model.protect(va, sizeBytes, protection);
  }

  boolean isFree(long va, long sizeBytes) {
    return model.isFree(va, sizeBytes);
  }

  /** Judges everything: the tables hold what the model holds, and nothing else. */
  void judge() {
    long bytes = 0;
    for (ReferenceReader.Entry entry : rig.reader().contents().entries()) {
      if (!entry.table()) {
        bytes += judgeLeaf(entry);
      }
    }
    c.check(
        bytes == model.bytes(),
        "0x%x bytes mapped".formatted(model.bytes()),
        "0x%x".formatted(bytes));
    judgeWalker();
  }

  private long judgeLeaf(ReferenceReader.Entry entry) {
    long spanBytes = Samples.spanBytes(c.geometry(), entry.level());
    Optional<AddressModel.Range> range = model.at(entry.va());
    c.checkVa(
        range.isPresent(),
        entry.level(),
        entry.va(),
        entry.raw(),
        "nothing mapped there",
        "an entry");
    long last = entry.va() + spanBytes - 1;
    // Neighbouring ranges may be one leaf's worth only if they were mapped as one.
    long rangeLast = range.get().lastVa();
    c.checkVa(
        Long.compareUnsigned(last, rangeLast) <= 0,
        entry.level(),
        entry.va(),
        entry.raw(),
        () -> "a leaf that ends at " + ClauseContext.hex(rangeLast),
        last);
    long physAddr = c.format().physAddr(entry.raw(), entry.level());
    long expected = range.get().physAddrOf(entry.va());
    c.checkVa(
        physAddr == expected,
        entry.level(),
        entry.va(),
        entry.raw(),
        () -> ClauseContext.hex(expected),
        physAddr);
    judgeRights(entry, range.get().protection());
    return spanBytes;
  }

  private void judgeRights(ReferenceReader.Entry entry, Protection protection) {
    boolean none = protection.isNone();
    c.checkVa(
        entry.leaf() != none,
        entry.level(),
        entry.va(),
        entry.raw(),
        none ? "PROT_NONE" : "a valid leaf",
        entry.leaf());
    if (none) {
      return;
    }
    int must =
        (protection.read() ? Rights.USER_READ : 0) | (protection.exec() ? Rights.USER_EXEC : 0);
    boolean write = protection.write() && protection.shared();
    int mustNot =
        (write ? 0 : Rights.USER_WRITE)
            | (!protection.exec() && c.has(MmuFeature.NO_EXECUTE) ? Rights.USER_EXEC : 0);
    boolean right =
        (entry.rights() & must) == must
            && (entry.rights() & mustNot) == 0
            && c.format().write(entry.raw(), entry.level()) == write;
    if (!right) {
      c.checkVa(
          false,
          entry.level(),
          entry.va(),
          entry.raw(),
          "rights for " + protection,
          GoldenRows.letters(entry.rights()));
    }
  }

  private void judgeWalker() {
    for (long va : Samples.pages(c, 8)) {
      long found = table.translate(va);
      Optional<AddressModel.Range> range = model.at(va).filter(r -> !r.protection().isNone());
      long expected = range.isPresent() ? range.get().physAddrOf(va) : TableWalker.NOT_MAPPED;
      c.checkVa(found == expected, va, ClauseContext.hex(expected), found);
    }
  }

  /** A random program of maps, unmaps and protects in a few small windows, judged as it goes. */
  void run(int operations, long windowPages, List<Protection> protections) {
    List<VaRegion> regions = c.geometry().vaLayout().regions();
    long page = c.geometry().pageBytes();
    for (int i = 0; i < operations; i++) {
      VaRegion region = regions.get(c.random().nextInt(regions.size()));
      long regionPages = Math.max(1, (region.lastVa() - region.firstVa()) / page + 1);
      long window = Math.min(windowPages, regionPages);
      boolean low = c.random().nextBoolean();
      long base = low ? region.firstVa() : region.lastVa() - window * page + 1;
      long first = c.random().nextLong(window);
      long pages =
          1
              + c.random()
                  .nextLong(
                      c.random().nextInt(4) == 0 ? window - first : Math.min(4, window - first));
      step(base + first * page, pages * page, protections);
      if (i % 16 == 15) {
        judge();
      }
    }
    judge();
  }

  private void step(long va, long sizeBytes, List<Protection> protections) {
    Protection protection = protections.get(c.random().nextInt(protections.size()));
    switch (c.random().nextInt(4)) {
      case 0 -> unmap(va, sizeBytes);
      case 1 -> protect(va, sizeBytes, protection);
      default -> {
        if (isFree(va, sizeBytes)) {
          map(va, congruent(va, sizeBytes), sizeBytes, protection, Level.PGD);
        }
      }
    }
  }

  /** Memory that is aligned as the address is, more often than not, so that large leaves fit. */
  private long congruent(long va, long sizeBytes) {
    long page = c.geometry().pageBytes();
    long last = Samples.lastPhysAddr(c.geometry(), page);
    long spanMask = Samples.spanBytes(c.geometry(), c.leafLevels().getFirst()) - 1;
    long aligned = (c.random().nextLong() & ~spanMask) | (va & spanMask);
    long physAddr = (c.random().nextInt(3) == 0 ? aligned ^ page : aligned) & last;
    return physAddr + sizeBytes > last ? physAddr & last >>> 1 & -page : physAddr;
  }

  @Override
  public void close() {
    table.close();
  }
}

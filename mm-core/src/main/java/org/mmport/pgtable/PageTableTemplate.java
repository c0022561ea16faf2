package org.mmport.pgtable;

import java.lang.invoke.MethodHandles;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;

/**
 * Defined by {@link VariantCode} once per variant, never used under its own name: what callers do
 * page after page. All else is left to the superclass.
 */
final class PageTableTemplate extends PageTable {
  private static final EntryCode CODE = classData();

  PageTableTemplate(MmTables mm, long[] roots) {
    super(mm, roots);
  }

  private static EntryCode classData() {
    try {
      return MethodHandles.classData(MethodHandles.lookup(), "_", EntryCode.class);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("the template is only ever defined with a variant", e);
    }
  }

  @Override
  public long translate(long va) {
    return CODE.translate(memory, roots, va);
  }

  @Override
  public void map(long va, long physAddr, long sizeBytes, Protection protection, MmuGather gather) {
    if (!CODE.mapPage(cursor, va, physAddr, sizeBytes, pgprot(protection), gather)) {
      map(va, physAddr, sizeBytes, protection, Level.PTE, gather);
    }
  }

  @Override
  public void unmap(long va, long sizeBytes, MmuGather gather) {
    if (!CODE.unmapPage(cursor, va, sizeBytes, gather)) {
      unmapRange(va, sizeBytes, gather);
    }
  }

  @Override
  public void protect(long va, long sizeBytes, Protection protection, MmuGather gather) {
    if (!CODE.protectPage(cursor, va, sizeBytes, pgprot(protection), gather)) {
      protectRange(va, sizeBytes, protection, gather);
    }
  }
}

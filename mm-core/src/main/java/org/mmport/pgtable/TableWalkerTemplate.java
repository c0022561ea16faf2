package org.mmport.pgtable;

import java.lang.invoke.MethodHandles;

/** Defined by {@link VariantCode} once per variant, never used under its own name. */
final class TableWalkerTemplate extends TableWalker {
  private static final EntryCode CODE = classData();

  TableWalkerTemplate(VariantCode code, EntryMemory memory, long[] roots) {
    super(code, memory, roots);
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
}

package org.mmport.mm;

import java.util.List;

/** Gives mappings other rights: {@code mprotect_fixup()} of mm/mprotect.c. */
final class Mprotect {
  private final AddressSpace mm;

  Mprotect(AddressSpace mm) {
    this.mm = mm;
  }

  /** All of a range. */
  void range(long va, long sizeBytes, VmaRights rights) {
    mm.ranges().requireRange("mprotect", va, sizeBytes);
    long lastVa = va + sizeBytes - 1;
    VmaTree vmas = mm.mappings();
    List<Vma> before = vmas.in(va, lastVa);
    mm.sharedRanges().own(va, sizeBytes);
    mm.hugeLeaves().cut(va, sizeBytes);
    vmas.replace(va, lastVa, vma -> vma.withRights(rights));
    try (PageGather gather = mm.gather()) {
      for (Vma vma : vmas.in(va, lastVa)) {
        Vma part = vma.clip(va, lastVa);
        mm.pageTable()
            .protect(
                part.firstVa(),
                part.lastVa() - part.firstVa() + 1,
                part.protection(),
                gather.gather());
      }
      gather.flush();
    }
    before.forEach(vma -> new Mlock(mm).populateWritable(vma.clip(va, lastVa)));
  }
}

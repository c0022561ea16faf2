package org.mmport.mm;

import org.mmport.spi.VaRegion;

/**
 * What an operation does about shared tables before it changes anything. Processes that share a
 * table have the same mappings in all that it serves; so a mapping that comes, goes or changes
 * there is a change of the table.
 */
final class SharedRanges {
  private final AddressSpace mm;

  SharedRanges(AddressSpace mm) {
    this.mm = mm;
  }

  /**
   * Before mappings of a range come or change.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for copies of tables;
   *     nobody sees a difference then
   */
  void own(long va, long sizeBytes) {
    if (mm.pageTable().mayShare()) {
      try (PageGather gather = mm.gather()) {
        try {
          mm.pageTable().unshare(va, sizeBytes, gather.gather());
        } finally {
          gather.flush();
        }
      }
    }
  }

  /**
   * Before all that a range maps goes: tables that serve other mappings too are copied.
   *
   * @throws org.mmport.machine.OutOfFramesException as above
   */
  void ownEdges(long va, long sizeBytes) {
    if (mm.pageTable().mayShare()) {
      long firstVa = firstFree(va);
      try (PageGather gather = mm.gather()) {
        try {
          mm.pageTable()
              .unshareEdges(
                  va,
                  sizeBytes,
                  firstVa,
                  lastFree(va + sizeBytes - 1) - firstVa + 1,
                  gather.gather());
        } finally {
          gather.flush();
        }
      }
    }
  }

  /** Leaves the shared tables that serve nothing but a range of which all goes. */
  void drop(long va, long sizeBytes, PageGather gather) {
    if (mm.pageTable().mayShare()) {
      long firstVa = firstFree(va);
      long freeBytes = lastFree(va + sizeBytes - 1) - firstVa + 1;
      mm.pageTable().dropShared(va, sizeBytes, firstVa, freeBytes, gather.gather());
    }
  }

  /**
   * Leaves all shared tables, for all mappings go. There are none but where something is mapped.
   */
  void dropAll(PageGather gather) {
    if (mm.pageTable().mayShare()) {
      VaRegion user = mm.system().userRegion();
      long userBytes = user.lastVa() - user.firstVa() + 1;
      for (Vma vma : mm.mappings().all()) {
        long sizeBytes = vma.lastVa() - vma.firstVa() + 1;
        mm.pageTable()
            .dropShared(vma.firstVa(), sizeBytes, user.firstVa(), userBytes, gather.gather());
      }
    }
  }

  /** The first address from which on nothing is mapped up to {@code va}. */
  private long firstFree(long va) {
    VaRegion user = mm.system().userRegion();
    if (va == user.firstVa()) {
      return va;
    }
    return mm.mappings()
        .lastIn(user.firstVa(), va - 1)
        .map(below -> Math.min(va, below.lastVa() + 1))
        .orElse(user.firstVa());
  }

  /** The last address up to which nothing is mapped from {@code lastVa} on. */
  private long lastFree(long lastVa) {
    VaRegion user = mm.system().userRegion();
    if (lastVa == user.lastVa()) {
      return lastVa;
    }
    return mm.mappings()
        .firstIn(lastVa + 1, user.lastVa())
        .map(above -> Math.max(lastVa, above.firstVa() - 1))
        .orElse(user.lastVa());
  }
}

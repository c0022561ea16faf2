package org.mmport.mm;

import java.util.List;

/** The end of all that a process has mapped, at its end or before it begins another program. */
final class Teardown {
  private final AddressSpace mm;

  Teardown(AddressSpace mm) {
    this.mm = mm;
  }

  /** Of what is mapped; tables that others use too are let go as they are. */
  void ofMappings() {
    try (PageGather gather = mm.gather()) {
      mm.sharedRanges().dropAll(gather);
      gather.flush();
    }
    for (Vma vma : mm.mappings().all()) {
      new Unmap(mm).range(vma.firstVa(), sizeBytes(vma));
    }
  }

  /** Of that, of the tables, and of every translation ({@code exit_mmap()}). */
  void ofAll() {
    List<Vma> all = mm.mappings().all();
    all.forEach(new Mlock(mm)::leave);
    try (PageGather gather = mm.gather()) {
      mm.sharedRanges().dropAll(gather);
      for (Vma vma : all) {
        new Zap(mm, gather).range(vma.firstVa(), sizeBytes(vma));
      }
      gather.flush();
    }
    MmSystem system = mm.system();
    system.cpus().retire(mm.context());
    system.end(mm.pageTable());
    system.forget(mm);
    mm.mappings().remove(0, -1);
    system.files().unmapped(all);
  }

  private static long sizeBytes(Vma vma) {
    return vma.lastVa() - vma.firstVa() + 1;
  }
}

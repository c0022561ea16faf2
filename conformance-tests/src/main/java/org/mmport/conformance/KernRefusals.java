package org.mmport.conformance;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.MremapRequest;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;

/** Everything that a process could try on addresses that are not its own. */
final class KernRefusals {
  private static final Protection USER = Protection.PAGE_SHARED;

  private KernRefusals() {}

  static Map<String, Runnable> all(AddressSpace process, long va, long bytes) {
    MmapRequest request = MmapRequest.anonymous(bytes, VmaRights.READ_WRITE);
    long own = process.mmap(request);
    Map<String, Runnable> all = new LinkedHashMap<>();
    all.put("mmap", () -> process.mmap(request.at(va)));
    all.put("munmap", () -> process.munmap(va, bytes));
    all.put("mprotect", () -> process.mprotect(va, bytes, VmaRights.READ_WRITE));
    all.put("madvise", () -> process.dontNeed(va, bytes));
    all.put("madvise free", () -> process.lazyFree(va, bytes));
    all.put("mlock", () -> process.mlock(va, bytes));
    all.put("munlock", () -> process.munlock(va, bytes));
    all.put("mremap from", () -> process.mremap(mremap(va, bytes, bytes, own)));
    all.put("mremap to", () -> process.mremap(mremap(own, bytes, bytes, va)));
    all.put("brk", () -> process.brk(va));
    all.put("a pin", () -> process.pin(va));
    all.put("a heap", () -> process.beginHeap(va));
    PageTable tables = process.pageTable();
    all.put("map of a page", () -> change(tables, g -> tables.map(va, 0, bytes, USER, g)));
    all.put(
        "map with large leaves",
        () -> change(tables, g -> tables.map(va, 0, bytes, USER, Level.PGD, g)));
    all.put("unmap", () -> change(tables, g -> tables.unmap(va, bytes, g)));
    all.put("protect", () -> change(tables, g -> tables.protect(va, bytes, USER, g)));
    all.put("a table", () -> change(tables, g -> tables.pteTable(va, g)));
    all.put("a new table", () -> change(tables, g -> tables.pteTableAlloc(va, g)));
    all.put("a view", () -> change(tables, g -> tables.pteView(va, g)));
    all.put("views", () -> change(tables, g -> tables.pteViews(va, bytes, g, (t, i, n, at) -> {})));
    all.put("a copy of shared tables", () -> change(tables, g -> tables.unshare(va, bytes, g)));
    all.put(
        "leaving shared tables",
        () -> change(tables, g -> tables.dropShared(va, bytes, va, bytes, g)));
    all.put(
        "tables", () -> change(tables, g -> tables.pteTables(va, bytes, g, (t, i, n, at) -> {})));
    return all;
  }

  private static MremapRequest mremap(long va, long oldBytes, long newBytes, long target) {
    return new MremapRequest(va, oldBytes, newBytes, new MremapRequest.Target.At(target));
  }

  private static void change(PageTable tables, Consumer<MmuGather> change) {
    try (MmuGather gather = tables.gather(request -> {})) {
      change.accept(gather);
      gather.flush();
    }
  }
}

package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;

/**
 * Page tables on a machine with everything that watches them: flushes recorded, bytes read back.
 */
final class Rig {
  private final PageTable table;
  private final ReferenceReader reader;
  private final List<FlushRequest> flushes = new ArrayList<>();

  Rig(ClauseContext c, Machine machine, PageTable table) {
    this.table = table;
    List<Long> roots = new ArrayList<>();
    for (int i = 0; i < c.geometry().vaLayout().roots(); i++) {
      roots.add(table.root(i));
    }
    this.reader = new ReferenceReader(c, machine.bytes(), roots);
  }

  PageTable table() {
    return table;
  }

  ReferenceReader reader() {
    return reader;
  }

  /** What was flushed since last asked. */
  List<FlushRequest> takeFlushes() {
    List<FlushRequest> taken = List.copyOf(flushes);
    flushes.clear();
    return taken;
  }

  void map(long va, long physAddr, long sizeBytes, Protection protection) {
    map(va, physAddr, sizeBytes, protection, Level.PTE);
  }

  void map(long va, long physAddr, long sizeBytes, Protection protection, Level largest) {
    try (MmuGather gather = table.gather(flushes::add)) {
      table.map(va, physAddr, sizeBytes, protection, largest, gather);
      gather.flush();
    }
  }

  void unmap(long va, long sizeBytes) {
    try (MmuGather gather = table.gather(flushes::add)) {
      table.unmap(va, sizeBytes, gather);
      gather.flush();
    }
  }

  void protect(long va, long sizeBytes, Protection protection) {
    try (MmuGather gather = table.gather(flushes::add)) {
      table.protect(va, sizeBytes, protection, gather);
      gather.flush();
    }
  }
}

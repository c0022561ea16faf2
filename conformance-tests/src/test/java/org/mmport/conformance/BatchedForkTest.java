package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.cpu.Access;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.scenario.MmBench;
import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** What a batched fork asks of a port's operations on runs, call by call. */
class BatchedForkTest {
  private static final int PAGES = 1024;

  /** Writes down which operations are asked for, with how many entries each. */
  private static final class Calls extends FilterBatchOps {
    private final List<Integer> sets = new ArrayList<>();
    private final List<Integer> protects = new ArrayList<>();
    private final List<Integer> clears = new ArrayList<>();
    private int gets;

    Calls(BatchOps in) {
      super(in);
    }

    void forget() {
      sets.clear();
      protects.clear();
      clears.clear();
      gets = 0;
    }

    @Override
    public long get(EntryArray table, int index) {
      gets++;
      return super.get(table, index);
    }

    @Override
    public void set(LeafTable table, int index, int nr, long raw) {
      sets.add(nr);
      super.set(table, index, nr, raw);
    }

    @Override
    public void wrProtect(LeafTable table, int index, int nr) {
      protects.add(nr);
      super.wrProtect(table, index, nr);
    }

    @Override
    public long clear(LeafTable table, int index, int nr) {
      clears.add(nr);
      return super.clear(table, index, nr);
    }
  }

  private static AddressSpace parent(MmBench bench, int order) {
    bench.system().useFolios(List.of(order));
    long pageBytes = bench.system().variant().geometry().pageBytes();
    AddressSpace parent = bench.system().create();
    long bytes = PAGES * pageBytes;
    long va =
        parent.mmap(MmapRequest.anonymous(bytes, VmaRights.READ_WRITE).at(0x4000_0000L & -bytes));
    for (int i = 0; i < PAGES; i += 1 << order) {
      parent.fault(va + i * pageBytes, Access.USER_WRITE);
    }
    return parent;
  }

  /** R4.25, T18: for 1 GiB of 4 KiB pages, 262144/nr of each. */
  @ParameterizedTest
  @CsvSource({"2, 65536", "4, 16384", "8, 1024"})
  void oneWriteOfEntriesForAFolio(int order, int perGib) {
    Calls calls = new Calls(BatchOps.ENTRY_WISE);
    try (MmBench bench = new MmBench(Breaker.good("x86_64/4level").withBatchOps(calls))) {
      AddressSpace parent = parent(bench, order);
      calls.forget();
      AddressSpace child = parent.fork(ForkStrategies.named("batched"));
      int folios = PAGES >> order;
      List<Integer> each = Collections.nCopies(folios, 1 << order);
      assertEquals(perGib, folios * ((1 << 18) / PAGES));
      assertEquals(each, calls.sets);
      assertEquals(each, calls.protects);
      calls.forget();
      child.close();
      assertEquals(each, calls.clears, "and one to empty them");
    }
  }

  @Test
  void entryByEntryItIsOneForAPage() {
    Calls calls = new Calls(BatchOps.ENTRY_WISE);
    try (MmBench bench = new MmBench(Breaker.good("x86_64/4level").withBatchOps(calls))) {
      AddressSpace parent = parent(bench, 4);
      calls.forget();
      parent.fork();
      assertEquals(PAGES, calls.sets.size());
      assertEquals(PAGES, calls.protects.size());
    }
  }

  /** R4.32: of entries that are cached together one is looked at. */
  @ParameterizedTest
  @ValueSource(strings = {"arm64/4k-va48", "arm64/16k-va47", "arm64/64k-va52"})
  void blocksAreReadOnce(String id) {
    Calls calls = new Calls(Breaker.good(id).batchOps());
    MmuVariant variant = Breaker.good(id).withBatchOps(calls);
    int members = variant.batchOps().runEntries(Level.PTE);
    long pageBytes = variant.geometry().pageBytes();
    try (PhysicalMemory memory = PhysicalMemory.ofSize(64L << 20)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, variant.geometry().pageShift());
      PageTable tables = PageTable.create(new TableSpace(variant, frames, 0), TableOwner.USER);
      try (MmuGather gather = tables.gather(request -> {})) {
        PteTable table = tables.pteTableAlloc(0, gather);
        long pgprot = variant.format().pgprot(Protection.PAGE_COPY);
        long raw = variant.format().mkLeaf(members * pageBytes, pgprot, Level.PTE);
        table.set(0, 3 * members, raw);
        PteBatch batch = new PteBatch(variant, EnumSet.allOf(Ignored.class));
        long fifth = table.get(5);
        calls.forget();
        assertEquals(3 * members - 5, batch.length(table, 5, fifth, 3 * members - 5));
        assertEquals(2, calls.gets, "one of each block behind");
        assertEquals(7, batch.length(table, 5, fifth, 7), "not more than asked");
        gather.flush();
      }
    }
  }
}

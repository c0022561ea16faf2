package org.mmport.conformance.qemu;

import java.util.Map;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.Registers;

/** CPUs with hash tables, and where each is told of them. */
enum Ppc64HashCpu {
  /** SDR1; Power ISA 2.07 Book III-S, section 5.7.7.2. */
  POWER8("powernv8", 0),

  /** Entry LPIDR of the partition table; Power ISA 3.0B Book III, section 5.7.6.1. */
  POWER9("powernv9", 1L << 17);

  private static final long PARTITION_TABLE = Ppc64Ram.ownTable(0);

  private final String machine;
  private final long lpcr;

  /**
   * @param lpcr with HR and UPRT 0, so that segments are those of the SLB; and time for a
   *     decrementer (LD)
   */
  Ppc64HashCpu(String machine, long lpcr) {
    this.machine = machine;
    this.lpcr = lpcr;
  }

  QemuSpec spec() {
    return Ppc64Ram.spec(machine, name().toLowerCase(java.util.Locale.ROOT));
  }

  long lpcr() {
    return lpcr;
  }

  /** The table's address and, in the low bits, by how much it is larger than 2^18 bytes. */
  private static long origin(PhysRange table) {
    return table.first() | Long.numberOfTrailingZeros(table.end() - table.first()) - 18;
  }

  /** The operation that makes the CPU use a hash table. */
  GuestOp use(PhysicalMemory memory, PhysRange table) {
    if (this == POWER8) {
      return GuestOp.loadHashTable(origin(table));
    }
    Ppc64Ram.store(memory, PARTITION_TABLE, origin(table));
    Ppc64Ram.store(memory, PARTITION_TABLE + 8, 0);
    return GuestOp.loadPartition(PARTITION_TABLE, 0, 0);
  }

  /** The registers by which a dump would tell where the hash table is. */
  Registers registers(PhysRange table) {
    return new Registers(
        this == POWER8
            ? Map.of("sdr1", origin(table))
            : Map.of("ptcr", PARTITION_TABLE, "lpidr", 0L));
  }

  /**
   * Stores an entry as the manual has it.
   *
   * @param tag virtual page number, L, H and V
   * @param size B: 0 for segments of 256 MiB, 1 for those of 1 TiB
   */
  void store(PhysicalMemory memory, long entryAddr, long tag, long size, long data) {
    boolean old = this == POWER8;
    Ppc64Ram.store(memory, entryAddr + 8, old ? data : data | size << 58);
    Ppc64Ram.store(memory, entryAddr, old ? tag | size << 62 : tag);
  }
}

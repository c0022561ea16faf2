package org.mmport.spi;

import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A port: the service that {@code ServiceLoader} finds, one per module. */
public interface Architecture {
  /** The part of the variants' ids before the slash, such as {@code x86_64}. */
  default String name() {
    String id = variants().getFirst().id();
    return id.substring(0, id.indexOf('/'));
  }

  /** Every variant, each once, in an order fit for reading. */
  List<MmuVariant> variants();

  /**
   * The byte order of registers that a debugger gives as bytes: the CPU's at that time.
   *
   * @param registers bytes by lower-case name, as gdb spells them
   */
  default ByteOrder registerOrder(Map<String, byte[]> registers) {
    return ByteOrder.LITTLE_ENDIAN;
  }

  /**
   * {@code e_machine} of the ELF cores of this architecture; by default those of its notes. Cores
   * of a machine that some port names are read by that port alone.
   */
  default Set<Integer> elfMachines() {
    return cpuNotes().stream().map(CpuNote::elfMachine).collect(Collectors.toSet());
  }

  /** Where ELF cores of this architecture carry registers; none by default. */
  default List<CpuNote> cpuNotes() {
    return List.of();
  }
}

package org.mmport.spi;

import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A port: the service that {@code ServiceLoader} finds, one per module. */
public interface Architecture {
  /** The part of the variants' ids before the slash, such as {@code x86_64}. */
  String name();

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

  /**
   * What the hardware of a variant can do, or Linux does with its entries, and the port leaves out,
   * each with the reason in one line: {@code TODO} in the support matrix. Features that are neither
   * here nor the variant's are not there to be modelled.
   */
  default Map<MmuFeature, String> notModelled(MmuVariant variant) {
    return Map.of();
  }
}

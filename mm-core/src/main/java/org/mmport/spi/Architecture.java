package org.mmport.spi;

import java.util.List;

/** A port: the service that {@code ServiceLoader} finds, one per module. */
public interface Architecture {
  /** The part of the variants' ids before the slash, such as {@code x86_64}. */
  String name();

  /** Every variant, each once, in an order fit for reading. */
  List<MmuVariant> variants();

  /** Where ELF cores of this architecture carry registers; none by default. */
  default List<CpuNote> cpuNotes() {
    return List.of();
  }
}

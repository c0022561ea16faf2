package org.mmport.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.mmport.spi.CpuNote;
import org.mmport.spi.Registers;

/** Takes registers out of notes, where a port has said that they are there. */
final class CpuRegisters {
  private CpuRegisters() {}

  /** The registers of each CPU: the first note of a kind is the first CPU's, and so on. */
  static List<Registers> read(
      List<ElfNote> notes, List<CpuNote> kinds, ByteOrder order, DumpWarnings warnings) {
    List<Map<String, Long>> cpus = new ArrayList<>();
    for (CpuNote kind : kinds) {
      int cpu = 0;
      for (ElfNote note : notes) {
        if (note.type() != kind.type() || !note.owner().equals(kind.owner())) {
          continue;
        }
        if (cpu == cpus.size()) {
          cpus.add(new TreeMap<>());
        }
        take(note, kind, order, cpus.get(cpu), warnings);
        cpu++;
      }
    }
    return cpus.stream().map(Registers::new).toList();
  }

  private static void take(
      ElfNote note,
      CpuNote kind,
      ByteOrder order,
      Map<String, Long> values,
      DumpWarnings warnings) {
    MemorySegment bytes = note.contents();
    for (CpuNote.Field field : kind.registers()) {
      if (field.offsetBytes() > bytes.byteSize() - field.sizeBytes()) {
        warnings.add(
            "note %s/%d: register %s at %d lies past its end, %d bytes; the register is not known"
                .formatted(
                    note.owner(),
                    note.type(),
                    field.name(),
                    field.offsetBytes(),
                    bytes.byteSize()));
      } else {
        values.put(field.name(), value(bytes, field, order));
      }
    }
  }

  private static long value(MemorySegment bytes, CpuNote.Field field, ByteOrder order) {
    if (field.sizeBytes() == Integer.BYTES) {
      return Integer.toUnsignedLong(
          bytes.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), field.offsetBytes()));
    }
    return bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), field.offsetBytes());
  }
}

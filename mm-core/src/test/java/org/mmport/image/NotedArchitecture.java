package org.mmport.image;

import java.util.List;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.MmuVariant;

/** Says where a made-up machine's cores carry two registers. */
final class NotedArchitecture implements Architecture {
  @Override
  public String name() {
    return "noted";
  }

  @Override
  public List<MmuVariant> variants() {
    return List.of();
  }

  @Override
  public List<CpuNote> cpuNotes() {
    return List.of(
        new CpuNote(
            CoreWriter.EM_TEST,
            "CPU",
            7,
            List.of(new CpuNote.Field("root", 4, 8), new CpuNote.Field("mode", 12, 4))));
  }
}

package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import org.mmport.cpu.CpuCounts;
import org.mmport.mm.FaultStatus;
import org.mmport.scenario.ScenarioCounts;
import org.mmport.spi.MmuVariant;

/** What processes took, a line for each variant, or as fields of an object. */
final class CountsTable {
  private static final String FORMAT =
      "%-26s %7s %6s %8s %7s %7s %6s %6s %8s | %8s %8s | %8s %8s | %7s %5s";

  private final PrintWriter out;

  CountsTable(PrintWriter out) {
    this.out = out;
  }

  void header() {
    out.println(
        FORMAT
            .formatted(
                "",
                "",
                "",
                "bytes of",
                "",
                "",
                "",
                "",
                "",
                "software",
                "entries",
                "hardware",
                "entries",
                "",
                "")
            .stripTrailing());
    out.println(
        FORMAT.formatted(
            "variant",
            "pages",
            "tables",
            "tables",
            "faults",
            "minor",
            "copied",
            "reused",
            "TLB miss",
            "read",
            "written",
            "read",
            "marked",
            "flushes",
            "IPIs"));
  }

  void row(MmuVariant variant, ScenarioCounts counts) {
    CpuCounts cpus = counts.cpus();
    out.println(
        FORMAT.formatted(
            variant.id(),
            counts.pages(),
            counts.tables(),
            counts.tableBytes(),
            counts.faults().values().stream().mapToLong(Long::longValue).sum(),
            counts.faults(FaultStatus.MINOR),
            counts.faults(FaultStatus.COPIED),
            counts.faults(FaultStatus.REUSED),
            cpus.tlbMisses(),
            counts.softwareReads(),
            counts.softwareWrites(),
            counts.hardwareReads(),
            counts.hardwareWrites(),
            cpus.leafFlushes() + cpus.walkCacheFlushes(),
            cpus.ipis()));
  }

  static void write(JsonGenerator json, ScenarioCounts counts) throws IOException {
    CpuCounts cpus = counts.cpus();
    json.writeNumberField("pages", counts.pages());
    json.writeNumberField("tables", counts.tables());
    json.writeNumberField("tableBytes", counts.tableBytes());
    json.writeNumberField("lockedPages", counts.lockedPages());
    json.writeObjectFieldStart("faults");
    for (FaultStatus status : FaultStatus.values()) {
      json.writeNumberField(
          status.name().toLowerCase(Locale.ROOT).replace('_', '-'), counts.faults(status));
    }
    json.writeEndObject();
    json.writeNumberField("softwareEntriesRead", counts.softwareReads());
    json.writeNumberField("softwareEntriesWritten", counts.softwareWrites());
    json.writeNumberField("hardwareEntriesRead", counts.hardwareReads());
    json.writeNumberField("hardwareEntriesMarked", counts.hardwareWrites());
    json.writeNumberField("tlbHits", cpus.tlbHits());
    json.writeNumberField("tlbMisses", cpus.tlbMisses());
    json.writeNumberField("walks", cpus.walks());
    json.writeNumberField("walkCacheHits", cpus.walkCacheHits());
    json.writeNumberField("entriesRead", cpus.entriesRead());
    json.writeNumberField("accessedMarks", cpus.accessedMarks());
    json.writeNumberField("dirtyMarks", cpus.dirtyMarks());
    json.writeNumberField("hashFaults", cpus.hashFaults());
    json.writeNumberField("leafFlushes", cpus.leafFlushes());
    json.writeNumberField("walkCacheFlushes", cpus.walkCacheFlushes());
    json.writeNumberField("flushedTranslations", cpus.flushedTranslations());
    json.writeNumberField("rootReloads", cpus.rootReloads());
    json.writeNumberField("ipis", cpus.ipis());
  }
}

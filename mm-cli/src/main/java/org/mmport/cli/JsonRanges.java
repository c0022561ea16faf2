package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.WalkProblem;
import org.mmport.pgtable.WalkSummary;
import org.mmport.spi.Level;

/** Maps for scripts. */
record JsonRanges(JsonLines lines) implements RangeSink {
  @Override
  public void leaf(long va, LeafFacts facts) {
    lines.object(
        json -> {
          json.writeStringField("va", HexAddress.of(va));
          facts.writeTo(json, facts.physAddr());
        });
  }

  @Override
  public void range(long firstVa, long lastVa, LeafFacts rights, Map<Long, Long> pages) {
    lines.object(
        json -> {
          json.writeStringField("va", HexAddress.of(firstVa));
          json.writeStringField("last", HexAddress.of(lastVa));
          json.writeNumberField("size", lastVa - firstVa + 1);
          json.writeBooleanField("read", rights.read());
          json.writeBooleanField("write", rights.write());
          json.writeBooleanField("exec", rights.exec());
          json.writeBooleanField("user", rights.user());
          json.writeObjectFieldStart("pages");
          for (Map.Entry<Long, Long> entry : new TreeMap<>(pages).entrySet()) {
            json.writeNumberField(entry.getKey().toString(), entry.getValue());
          }
          json.writeEndObject();
        });
  }

  /** The last line of merged maps. */
  static void summary(JsonGenerator json, TableWalker walker, WalkSummary summary)
      throws IOException {
    json.writeStringField("variant", walker.variant().id());
    json.writeStringField("root", HexAddress.of(walker.root(0)));
    json.writeNumberField("tableBytes", summary.tableBytes());
    json.writeNumberField("nonPresent", summary.nonPresent());
    json.writeObjectFieldStart("tables");
    for (Level level : Level.values()) {
      if (summary.tables().containsKey(level)) {
        json.writeNumberField(level.name(), summary.tables().get(level));
      }
    }
    json.writeEndObject();
    json.writeObjectFieldStart("leaves");
    for (Level level : Level.values()) {
      if (summary.leaves().containsKey(level)) {
        json.writeNumberField(level.name(), summary.leaves().get(level));
      }
    }
    json.writeEndObject();
    json.writeObjectFieldStart("problems");
    for (WalkProblem problem : WalkProblem.values()) {
      if (summary.problems().containsKey(problem)) {
        json.writeNumberField(problem.word(), summary.problems().get(problem));
      }
    }
    json.writeEndObject();
  }
}

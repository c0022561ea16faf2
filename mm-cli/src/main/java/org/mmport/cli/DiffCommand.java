package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    description =
        "Compare two variants: the shape of their tables, the bits of their entries, features, TLB duties.",
    footer = {
      "",
      "Exits with 0 where the two are alike and with 1 where they differ.",
      "",
      "Examples:",
      "  mmport diff x86_64/4level x86_64/la57",
      "  mmport diff --all --json ppc64/radix-4k ppc64/hash-4k"
    })
final class DiffCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "VARIANT",
      completionCandidates = Ports.class,
      description = "such as x86_64/4level")
  String first;

  @Parameters(
      index = "1",
      paramLabel = "VARIANT",
      completionCandidates = Ports.class,
      description = "the one to compare with it")
  String second;

  @Option(names = "--all", description = "also what is equal")
  boolean all;

  @Option(names = "--json", description = "one JSON object per line")
  boolean json;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    VariantDiff diff = new VariantDiff(Ports.variant(first), Ports.variant(second));
    List<DiffRow> rows = diff.rows();
    List<DiffRow> shown = all ? rows : rows.stream().filter(DiffRow::differs).toList();
    if (json) {
      JsonLines lines = new JsonLines(out);
      shown.forEach(row -> lines.object(object -> write(object, row)));
    } else {
      new DiffText(diff, out).print(shown);
    }
    return rows.stream().anyMatch(DiffRow::differs) ? Main.NO : CommandLine.ExitCode.OK;
  }

  private static void write(JsonGenerator json, DiffRow row) throws IOException {
    json.writeStringField("section", row.section().word());
    if (row.level().isPresent()) {
      json.writeStringField("level", row.level().get().name());
    }
    json.writeStringField("item", row.item());
    json.writeStringField("difference", row.difference().word());
    if (!row.changes().isEmpty()) {
      json.writeArrayFieldStart("changes");
      for (String change : row.changes()) {
        json.writeString(change);
      }
      json.writeEndArray();
    }
    write(json, "first", row.first());
    write(json, "second", row.second());
  }

  private static void write(JsonGenerator json, String side, Optional<DiffFact> fact)
      throws IOException {
    if (fact.isPresent()) {
      json.writeFieldName(side);
      fact.get().write(json);
    }
  }
}

package org.mmport.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description =
        "Show a variant: the shape of its tables, how an address is cut up, every bit of its entries.",
    footer = {
      "",
      "Examples:",
      "  mmport show x86_64/4level",
      "  mmport show x86_64/la57 --svg la57.svg"
    })
final class ShowCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "VARIANT",
      completionCandidates = Ports.class,
      description = "such as x86_64/4level")
  String id;

  @Option(names = "--json", description = "the same as one JSON object")
  boolean json;

  @Option(
      names = "--svg",
      paramLabel = "FILE",
      description = "write a drawing to this file instead")
  Optional<Path> svg = Optional.empty();

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    MmuVariant variant = Ports.variant(id);
    PrintWriter out = spec.commandLine().getOut();
    if (svg.isPresent()) {
      try {
        Files.writeString(svg.get(), new ShowSvg(variant).draw());
      } catch (IOException e) {
        throw new UncheckedIOException(svg.get() + ": cannot be written: " + e.getMessage(), e);
      }
    } else if (json) {
      new JsonLines(out).object(object -> writeJson(object, variant));
    } else {
      new ShowText(variant, out).print();
    }
    return CommandLine.ExitCode.OK;
  }

  private static void writeJson(com.fasterxml.jackson.core.JsonGenerator json, MmuVariant variant)
      throws IOException {
    PagingGeometry geometry = variant.geometry();
    json.writeStringField("variant", variant.id());
    json.writeNumberField("vaBits", geometry.vaBits());
    json.writeNumberField("paBits", geometry.paBits());
    json.writeStringField("byteOrder", geometry.byteOrder().toString());
    json.writeNumberField("entryBytes", geometry.entryBytes());
    json.writeArrayFieldStart("levels");
    for (Level level : Level.values()) {
      LevelGeometry at = geometry.at(level);
      json.writeStartObject();
      json.writeStringField("level", level.name());
      json.writeBooleanField("folded", at.isFolded());
      json.writeNumberField("shift", geometry.shift(level));
      json.writeNumberField("indexBits", at.indexBits());
      json.writeNumberField("entries", at.entries());
      json.writeNumberField("tableBytes", geometry.tableBytes(level));
      json.writeBooleanField("leaf", at.leafAllowed());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("fields");
    for (EntryField field : variant.format().fields()) {
      json.writeStartObject();
      json.writeStringField("name", field.name());
      json.writeNumberField("high", field.high());
      json.writeNumberField("low", field.low());
      json.writeStringField("role", field.role().name());
      json.writeStringField("meaning", field.meaning());
      json.writeArrayFieldStart("kinds");
      for (EntryKind kind : EntryKind.values()) {
        if (field.kinds().contains(kind)) {
          json.writeString(kind.name());
        }
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}

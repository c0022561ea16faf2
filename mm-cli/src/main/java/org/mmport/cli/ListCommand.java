package org.mmport.cli;

import java.io.PrintWriter;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "List the variants of all ports found.")
final class ListCommand implements Callable<Integer> {
  @Option(names = "--json", description = "one JSON object per line")
  boolean json;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    JsonLines lines = new JsonLines(out);
    int width = Ports.variants().stream().mapToInt(v -> v.id().length()).max().orElse(0);
    for (MmuVariant variant : Ports.variants()) {
      PagingGeometry geometry = variant.geometry();
      long real = geometry.levels().stream().filter(level -> !level.isFolded()).count();
      if (json) {
        lines.object(
            object -> {
              object.writeStringField("variant", variant.id());
              object.writeNumberField("levels", real);
              object.writeNumberField("pageBytes", geometry.pageBytes());
              object.writeNumberField("vaBits", geometry.vaBits());
              object.writeNumberField("paBits", geometry.paBits());
              object.writeArrayFieldStart("features");
              for (MmuFeature feature : new TreeSet<>(variant.features())) {
                object.writeString(feature.name());
              }
              object.writeEndArray();
            });
      } else {
        out.printf(
            "%s %d levels, %s pages, %d-bit virtual, %d-bit physical%n",
            variant.id() + " ".repeat(width - variant.id().length()),
            real,
            Sizes.of(geometry.pageBytes()),
            geometry.vaBits(),
            geometry.paBits());
      }
    }
    return CommandLine.ExitCode.OK;
  }
}

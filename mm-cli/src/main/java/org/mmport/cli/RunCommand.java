package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.mmport.scenario.ScenarioRun;
import org.mmport.scenario.Script;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Run a scenario of processes and their memory, and count what it takes on each variant.",
      "A script has one step a line; docs/scenarios.md says which there are."
    },
    footer = {
      "",
      "Exits with 1 where a line comes to something else than it expects.",
      "",
      "Examples:",
      "  mmport run fork.mm",
      "  mmport run fork.mm x86_64/4level arm64/4k-va48",
      "  echo 'start a; mmap a 0 4 rw- private; cpu0 store a 0 7' | mmport run -"
    })
final class RunCommand implements Callable<Integer> {
  private static final long MAX_BYTES = 16L << 20;

  @Parameters(index = "0", paramLabel = "SCRIPT", description = "a file, or - for standard input")
  String script;

  @Parameters(
      index = "1..*",
      paramLabel = "VARIANT",
      completionCandidates = Ports.class,
      description = "such as x86_64/4level; all by default")
  List<String> variants = new ArrayList<>();

  @Option(names = "--json", description = "one JSON object per line")
  boolean json;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<MmuVariant> chosen = Ports.chosen(variants);
    Script parsed = Script.parse(text());
    List<ScenarioRun.Result> results = new ArrayList<>();
    for (MmuVariant variant : chosen) {
      results.add(ScenarioRun.run(parsed, variant));
    }
    if (json) {
      JsonLines lines = new JsonLines(out);
      results.forEach(result -> lines.object(object -> write(object, result)));
    } else {
      print(out, results);
    }
    boolean fine = results.stream().allMatch(result -> result.mismatch().isEmpty());
    return fine ? CommandLine.ExitCode.OK : Main.NO;
  }

  private List<String> text() {
    try {
      if (script.equals("-")) {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
            .lines()
            .toList();
      }
      Path file = Path.of(script);
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
        throw new InvalidRequestException(
            script + ": must be a script, a text file of at most 16 MiB, or -");
      }
      return Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(script + ": cannot be read as text: " + e.getMessage(), e);
    }
  }

  private static void print(PrintWriter out, List<ScenarioRun.Result> results) {
    CountsTable table = new CountsTable(out);
    table.header();
    for (ScenarioRun.Result result : results) {
      table.row(result.variant(), result.counts());
      result.mismatch().ifPresent(text -> out.printf("%s %s%n", result.variant().id(), text));
    }
  }

  private static void write(JsonGenerator json, ScenarioRun.Result result) throws IOException {
    json.writeStringField("variant", result.variant().id());
    json.writeBooleanField("expected", result.mismatch().isEmpty());
    if (result.mismatch().isPresent()) {
      json.writeStringField("mismatch", result.mismatch().get());
    }
    CountsTable.write(json, result.counts());
  }
}

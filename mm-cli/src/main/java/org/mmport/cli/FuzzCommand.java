package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.mmport.scenario.ScenarioFuzz;
import org.mmport.scenario.Script;
import org.mmport.spi.MmuVariant;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "fuzz",
    mixinStandardHelpOptions = true,
    description = {
      "Run processes at random beside a model without page tables, as MODEL-01 does, for as long as",
      "you like. What differs is shrunk to a short script."
    },
    footer = {
      "",
      "Steps run on machines of "
          + ScenarioFuzz.STEPS_PER_MACHINE
          + " each, of which every one has a seed of its own, one more than",
      "that of the machine before. A variant is left at the first difference; then comes the next.",
      "Exits with 1 where there was any.",
      "",
      "Examples:",
      "  mmport fuzz",
      "  mmport fuzz x86_64/la57 --steps 1000000 --seed 7"
    })
final class FuzzCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "VARIANT",
      completionCandidates = Ports.class,
      description = "such as x86_64/4level; all by default")
  List<String> variants = new ArrayList<>();

  @Option(
      names = "--steps",
      defaultValue = "20000",
      description = "how many for each variant (default: ${DEFAULT-VALUE})")
  long steps;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "of the first machine (default: ${DEFAULT-VALUE})")
  long seed;

  @Option(names = "--json", description = "one JSON object per line")
  boolean json;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<MmuVariant> chosen = Ports.chosen(variants);
    boolean fine = true;
    for (MmuVariant variant : chosen) {
      ScenarioFuzz.Result result = run(variant);
      fine &= result.finding().isEmpty();
      if (json) {
        new JsonLines(out).object(object -> write(object, result));
      } else {
        print(out, result);
      }
      out.flush();
    }
    return fine ? CommandLine.ExitCode.OK : Main.NO;
  }

  private ScenarioFuzz.Result run(MmuVariant variant) {
    Progress progress =
        Progress.toTerminal(
            spec.commandLine().getErr(), "machines of " + variant.id() + " were as the model", 1);
    try {
      return new ScenarioFuzz(variant).run(seed, steps, progress::step);
    } finally {
      progress.end();
    }
  }

  /** Prints what came of one variant. */
  static void print(PrintWriter out, ScenarioFuzz.Result result) {
    String variant = result.variant().id();
    if (result.finding().isEmpty()) {
      out.printf(
          "%-23s %d steps on %d machines: as the model%n",
          variant, result.steps(), result.machines());
      return;
    }
    ScenarioFuzz.Finding finding = result.finding().get();
    out.printf("%-23s step %d: %s%n", variant, result.steps(), finding.shrunk().reason());
    out.printf("# the same again: %s%n", rerun(result, finding));
    Script.write(finding.shrunk().steps()).forEach(out::println);
  }

  private static String rerun(ScenarioFuzz.Result result, ScenarioFuzz.Finding finding) {
    return "./mmport fuzz %s --seed %d --steps %d"
        .formatted(result.variant().id(), finding.seed(), finding.steps());
  }

  private static void write(JsonGenerator json, ScenarioFuzz.Result result) throws IOException {
    json.writeStringField("variant", result.variant().id());
    json.writeNumberField("steps", result.steps());
    json.writeNumberField("machines", result.machines());
    json.writeBooleanField("asModel", result.finding().isEmpty());
    if (result.finding().isPresent()) {
      ScenarioFuzz.Finding finding = result.finding().get();
      json.writeStringField("reason", finding.shrunk().reason());
      json.writeStringField("rerun", rerun(result, finding));
      json.writeArrayFieldStart("script");
      for (String line : Script.write(finding.shrunk().steps())) {
        json.writeString(line);
      }
      json.writeEndArray();
    }
  }
}

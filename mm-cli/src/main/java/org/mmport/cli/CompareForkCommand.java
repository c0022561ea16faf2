package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mmport.compare.ForkCase;
import org.mmport.compare.ForkCost;
import org.mmport.compare.ForkTrial;
import org.mmport.compare.ForkWay;
import org.mmport.spi.MmuVariant;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "fork",
    mixinStandardHelpOptions = true,
    description = {
      "Fork a process in each way that there is, and count what that takes, and what it takes when",
      "children write then."
    },
    footer = {
      "",
      "Entries are those of page tables that software reads and writes; bars compare those of",
      "forks. Times are of the simulation, the fastest of four runs in which nothing is",
      "counted: compare them with one another only.",
      "",
      "Examples:",
      "  mmport compare fork",
      "  mmport compare fork x86_64/4level --pages 8192 --children 2 --written 10",
      "  mmport compare fork arm64/4k-va48 --folios 2,4 --times",
      "  mmport compare fork --svg fork.svg"
    })
final class CompareForkCommand implements Callable<Integer> {
  private static final String ROW = "%-22s %-13s %9s %9s %9s %7s %9s %8s %9s %7s %9s";
  private static final String TIMES = " %9s %9s";
  private static final int BAR = 30;

  @Parameters(
      paramLabel = "VARIANT",
      completionCandidates = Ports.class,
      description = "such as x86_64/4level; all by default")
  List<String> variants = new ArrayList<>();

  @Option(
      names = "--pages",
      defaultValue = "2048",
      description = "pages that the process has written to (default: ${DEFAULT-VALUE})")
  int pages;

  @Option(
      names = "--folios",
      paramLabel = "ORDER",
      split = ",",
      description = "log2 of the pages of its folios, several sizes with commas (default: single)")
  List<Integer> folios = new ArrayList<>();

  @Option(
      names = "--pins",
      defaultValue = "0",
      description = "how many of them devices use (default: ${DEFAULT-VALUE})")
  int pins;

  @Option(
      names = "--children",
      defaultValue = "1",
      description = "how often it forks (default: ${DEFAULT-VALUE})")
  int children;

  @Option(
      names = "--written",
      paramLabel = "PERCENT",
      defaultValue = "5",
      description = "of the pages, how many each child writes to (default: ${DEFAULT-VALUE})")
  int written;

  @Option(names = "--times", description = "also take the time, in microseconds")
  boolean times;

  @Option(names = "--svg", paramLabel = "FILE", description = "also draw a chart there")
  @Nullable Path svg;

  @Option(names = "--json", description = "one JSON object per line")
  boolean json;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    ForkCase forkCase = new ForkCase(pages, folios, pins, children, written);
    List<MmuVariant> chosen = Ports.chosen(variants);
    PrintWriter out = spec.commandLine().getOut();
    List<ForkTrial> trials = new ArrayList<>();
    for (MmuVariant variant : chosen) {
      List<ForkTrial> ofVariant = new ArrayList<>();
      for (ForkWay way : ForkWay.of(variant)) {
        ForkTrial counted = ForkTrial.counted(forkCase, way.strategy(), way.variant());
        ofVariant.add(times ? counted.timed(forkCase) : counted);
      }
      if (trials.isEmpty() && !json) {
        header(out);
      }
      trials.addAll(ofVariant);
      if (json) {
        JsonLines lines = new JsonLines(out);
        ofVariant.forEach(trial -> lines.object(object -> write(object, trial)));
      } else {
        ofVariant.forEach(trial -> row(out, trial, ofVariant.getFirst()));
      }
      out.flush();
    }
    if (svg != null) {
      draw(svg, new ForkChart(forkCase, trials).svg());
    }
    return CommandLine.ExitCode.OK;
  }

  private void header(PrintWriter out) {
    out.println(
        (ROW.formatted(
                    "", "", "at fork:", "", "folio", "", "bytes of", "", "writes:", "", "entries")
                + (times ? TIMES.formatted("us", "us") : ""))
            .stripTrailing());
    out.println(
        ROW.formatted(
                "variant", "way", "read", "written", "changes", "tables", "tables", "flushes",
                "read", "tables", "written")
            + (times ? TIMES.formatted("at fork", "writes") : ""));
  }

  private void row(PrintWriter out, ForkTrial trial, ForkTrial eager) {
    ForkCost fork = trial.atFork();
    ForkCost after = trial.after();
    out.println(
        ROW.formatted(
                trial.variant().id(),
                trial.way().name(),
                fork.entriesRead(),
                fork.entriesWritten(),
                fork.folioChanges(),
                fork.tables(),
                fork.tableBytes(),
                fork.flushes(),
                after.entriesRead(),
                after.tables(),
                after.entriesWritten())
            + (times ? TIMES.formatted(fork.nanos() / 1000, after.nanos() / 1000) : "")
            + "  "
            + bar(fork.entries(), eager.atFork().entries()));
  }

  /** Entries at fork beside those of the first way. */
  private static String bar(long entries, long most) {
    long length = most == 0 ? 0 : Math.min(BAR, Math.ceilDiv(entries * BAR, most));
    return "#".repeat((int) length);
  }

  private static void draw(Path file, String text) {
    try {
      Files.writeString(file, text, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private static void write(JsonGenerator json, ForkTrial trial) throws IOException {
    json.writeStringField("variant", trial.variant().id());
    json.writeStringField("way", trial.way().name());
    write(json, "atFork", trial.atFork());
    write(json, "after", trial.after());
  }

  private static void write(JsonGenerator json, String name, ForkCost cost) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("entriesRead", cost.entriesRead());
    json.writeNumberField("entriesWritten", cost.entriesWritten());
    json.writeNumberField("folioChanges", cost.folioChanges());
    json.writeNumberField("tables", cost.tables());
    json.writeNumberField("tableBytes", cost.tableBytes());
    json.writeNumberField("flushes", cost.flushes());
    json.writeNumberField("nanos", cost.nanos());
    json.writeEndObject();
  }
}

package org.mmport.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mmport.conformance.ClauseOutcome;
import org.mmport.conformance.ClauseResult;
import org.mmport.conformance.ClauseSelection;
import org.mmport.conformance.ConformanceSuite;
import org.mmport.conformance.HardwareUse;
import org.mmport.spi.MmuVariant;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "conform",
    mixinStandardHelpOptions = true,
    description = "Run the conformance suite and print a matrix of areas by variant.",
    footer = {
      "",
      "Exits with 1 if a clause failed. A failure's last words are the command that runs it again.",
      "",
      "Examples:",
      "  mmport conform",
      "  mmport conform x86_64/la57 --clause FMT --seed 7",
      "  mmport conform --report target/conformance",
      "  mmport conform x86_64 --clause HW"
    })
final class ConformCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..*",
      paramLabel = "VARIANT|PORT",
      completionCandidates = Ports.class,
      description = "variants such as x86_64/la57, or ports such as x86_64 (default: all)")
  List<String> variants = new ArrayList<>();

  @Option(
      names = "--clause",
      paramLabel = "ID",
      split = ",",
      completionCandidates = ClauseIds.class,
      description = "only this clause or area; several with commas, or repeated")
  List<String> clauses = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "what random choices are made from (default: ${DEFAULT-VALUE})")
  long seed = ConformanceSuite.DEFAULT_SEED;

  @Option(
      names = "--hw",
      description =
          "also run the clauses of area HW, which ask QEMU's MMU and take seconds each; naming one with --clause does the same")
  boolean hardware;

  @Option(
      names = "--hw-required",
      description = "as --hw, and where QEMU is not installed they fail")
  boolean hardwareRequired;

  @Option(
      names = "--json",
      description = "one JSON object per clause and variant, instead of the matrix")
  boolean json;

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description =
          "also write conformance.json, TEST-conformance.xml (JUnit) and conformance.html there")
  Optional<Path> report = Optional.empty();

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    ClauseSelection selection = selection();
    List<MmuVariant> selected = selection.selectedVariants(Ports.variants());
    JsonLines lines = new JsonLines(out);
    Progress progress = Progress.toTerminal(spec.commandLine().getErr(), "clauses run", 10);
    long start = System.nanoTime();
    List<ClauseResult> results =
        ConformanceSuite.run(
            selected,
            selection,
            seed,
            result -> {
              progress.step();
              if (json) {
                lines.object(object -> ConformReports.write(object, result));
              }
            });
    progress.end();
    if (!json) {
      Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
      new ConformMatrix(results, elapsed, spec.commandLine().getColorScheme()).print(out);
    }
    report.ifPresent(directory -> writeReports(directory, results));
    boolean failed = results.stream().anyMatch(r -> r.outcome() == ClauseOutcome.FAIL);
    return failed ? Main.NO : CommandLine.ExitCode.OK;
  }

  private ClauseSelection selection() {
    ClauseSelection selection = new ClauseSelection(variants, clauses);
    if (hardwareRequired) {
      return selection.withHardware(HardwareUse.REQUIRED);
    }
    return hardware ? selection.withHardware(HardwareUse.WHERE_INSTALLED) : selection;
  }

  private void writeReports(Path directory, List<ClauseResult> results) {
    try {
      Files.createDirectories(directory);
      ConformReports reports = new ConformReports(results);
      Files.writeString(directory.resolve("conformance.json"), reports.json());
      Files.writeString(directory.resolve("TEST-conformance.xml"), reports.junitXml());
      Files.writeString(
          directory.resolve("conformance.html"), new ConformHtml(results, seed).render());
    } catch (IOException e) {
      throw new UncheckedIOException(directory + ": cannot be written: " + e.getMessage(), e);
    }
  }
}

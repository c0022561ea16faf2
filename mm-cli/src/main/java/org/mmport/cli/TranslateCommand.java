package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.mmport.pgtable.FaultReason;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.Walk;
import org.mmport.pgtable.WalkStep;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "translate",
    mixinStandardHelpOptions = true,
    description = "Translate virtual addresses of a memory dump, level by level.",
    footer = {
      "",
      "Exits with 1 if any address does not translate.",
      "",
      "Examples:",
      "  mmport translate --dump vm.core 0xffffffff81000000",
      "  mmport translate --dump ram.bin --arch x86_64/4level --root 0x55ae000 --read 16 401000",
      "  cut -f1 addresses.tsv | mmport translate --dump vm.core --json -"
    })
final class TranslateCommand implements Callable<Integer> {
  private static final int MAX_READ = 4096;

  @Mixin DumpOptions options;

  @Option(names = "--json", description = "one JSON object per address and line")
  boolean json;

  @Option(
      names = "--read",
      paramLabel = "N",
      description = "also the N bytes there (1 to 4096), within the page")
  int readBytes;

  @Parameters(
      arity = "1..*",
      paramLabel = "VA",
      description = "hexadecimal; - reads addresses from standard input")
  List<String> addresses;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (readBytes < 0 || readBytes > MAX_READ) {
      throw new InvalidRequestException("--read " + readBytes + ": must be 1 to " + MAX_READ);
    }
    PrintWriter out = spec.commandLine().getOut();
    try (DumpOptions.Opened opened = options.open()) {
      opened
          .dump()
          .warnings()
          .forEach(w -> spec.commandLine().getErr().println("mmport: warning: " + w));
      JsonLines lines = new JsonLines(out);
      int exit = CommandLine.ExitCode.OK;
      for (String text : addresses.equals(List.of("-")) ? standardInput() : addresses) {
        Walk walk = opened.walker().walk(HexAddress.parse(text));
        if (json) {
          lines.object(object -> writeJson(object, opened, walk));
        } else {
          print(out, opened, walk);
        }
        exit = walk.outcome() instanceof Outcome.Mapped ? exit : Main.NO;
      }
      return exit;
    }
  }

  private static List<String> standardInput() throws IOException {
    try (Stream<String> lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).lines()) {
      return lines.map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
  }

  /** In a dump, what is not in memory is not in the dump. */
  static String word(FaultReason reason) {
    return reason == FaultReason.OUTSIDE_MEMORY ? "outside-dump" : reason.word();
  }

  private void writeJson(JsonGenerator object, DumpOptions.Opened opened, Walk walk)
      throws IOException {
    object.writeStringField("va", HexAddress.of(walk.va()));
    switch (walk.outcome()) {
      case Outcome.Mapped mapped -> {
        facts(opened, mapped).writeTo(object, mapped.physAddr());
        if (readBytes > 0) {
          object.writeStringField("bytes", bytes(opened, mapped).orElse(""));
        }
      }
      case Outcome.Fault fault -> {
        object.writeStringField("fault", word(fault.reason()));
        object.writeStringField("level", fault.level().name());
        object.writeStringField("detail", fault.detail());
      }
    }
  }

  private void print(PrintWriter out, DumpOptions.Opened opened, Walk walk) {
    MmuVariant variant = opened.walker().variant();
    out.printf("%s  (%s)%n", HexAddress.of(walk.va()), variant.id());
    for (WalkStep step : walk.steps()) {
      out.printf(
          "  %-3s table 0x%012x [%4d] at 0x%012x = 0x%016x  %s%n",
          step.level(),
          step.tableAddr(),
          step.index(),
          step.entryAddr(),
          step.raw(),
          EntryText.of(variant, step.raw(), step.level()));
    }
    switch (walk.outcome()) {
      case Outcome.Mapped mapped -> {
        LeafFacts facts = facts(opened, mapped);
        out.printf(
            "  -> 0x%x  %s page  %s  %s%n",
            mapped.physAddr(), Sizes.of(mapped.sizeBytes()), facts.rights(), facts.flags());
        if (readBytes > 0) {
          out.printf("     %s%n", bytes(opened, mapped).orElse("not in the dump"));
        }
      }
      case Outcome.Fault fault -> out.printf("  -> %s: %s%n", word(fault.reason()), fault.detail());
    }
  }

  private static LeafFacts facts(DumpOptions.Opened opened, Outcome.Mapped mapped) {
    return LeafFacts.of(opened.walker().variant(), mapped.raw(), mapped.level(), mapped.rights());
  }

  private Optional<String> bytes(DumpOptions.Opened opened, Outcome.Mapped mapped) {
    long left = mapped.sizeBytes() - (mapped.physAddr() & (mapped.sizeBytes() - 1));
    long count = Math.min(readBytes, left);
    if (!opened.dump().memory().contains(mapped.physAddr(), count)) {
      return Optional.empty();
    }
    byte[] read =
        opened.dump().memory().slice(mapped.physAddr(), count).toArray(ValueLayout.JAVA_BYTE);
    return Optional.of(HexFormat.of().formatHex(read));
  }
}

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
import org.mmport.spi.InvalidRequestException;
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
      "  mmport translate --dump vm.core --registers gdb-registers.json --set pid=0 c000000000000000",
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
    try (DumpOptions.Opened opened = options.open(spec.commandLine().getErr())) {
      JsonLines lines = new JsonLines(out);
      int exit = CommandLine.ExitCode.OK;
      for (String text : addresses.equals(List.of("-")) ? standardInput() : addresses) {
        Answer answer = opened.tables().lookup(HexAddress.parse(text));
        if (json) {
          lines.object(object -> writeJson(object, opened, answer));
        } else {
          print(out, opened, answer);
        }
        exit = answer.result() instanceof Answer.Mapped ? exit : Main.NO;
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

  private void writeJson(JsonGenerator object, DumpOptions.Opened opened, Answer answer)
      throws IOException {
    object.writeStringField("va", HexAddress.of(answer.va()));
    switch (answer.result()) {
      case Answer.Mapped mapped -> {
        mapped.facts().writeTo(object, mapped.physAddr());
        if (readBytes > 0) {
          object.writeStringField("bytes", bytes(opened, mapped).orElse(""));
        }
      }
      case Answer.Fault fault -> {
        object.writeStringField("fault", fault.word());
        object.writeStringField("level", fault.level());
        object.writeStringField("detail", fault.detail());
      }
    }
  }

  private void print(PrintWriter out, DumpOptions.Opened opened, Answer answer) {
    out.printf("%s  (%s)%n", HexAddress.of(answer.va()), opened.tables().variant().id());
    answer.steps().forEach(step -> out.println("  " + step));
    switch (answer.result()) {
      case Answer.Mapped mapped -> {
        LeafFacts facts = mapped.facts();
        out.printf(
            "  -> 0x%x  %s page  %s  %s%n",
            mapped.physAddr(), Sizes.of(facts.sizeBytes()), facts.rights(), facts.flags());
        if (readBytes > 0) {
          out.printf("     %s%n", bytes(opened, mapped).orElse("not in the dump"));
        }
      }
      case Answer.Fault fault -> out.printf("  -> %s: %s%n", fault.word(), fault.detail());
    }
  }

  private Optional<String> bytes(DumpOptions.Opened opened, Answer.Mapped mapped) {
    long sizeBytes = mapped.facts().sizeBytes();
    long left = sizeBytes - (mapped.physAddr() & (sizeBytes - 1));
    long count = Math.min(readBytes, left);
    if (!opened.dump().memory().contains(mapped.physAddr(), count)) {
      return Optional.empty();
    }
    byte[] read =
        opened.dump().memory().slice(mapped.physAddr(), count).toArray(ValueLayout.JAVA_BYTE);
    return Optional.of(HexFormat.of().formatHex(read));
  }
}

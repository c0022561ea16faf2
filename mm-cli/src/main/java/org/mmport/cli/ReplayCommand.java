package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.mmport.replay.Note;
import org.mmport.replay.Populate;
import org.mmport.replay.Replay;
import org.mmport.replay.Replayer;
import org.mmport.replay.TraceReader;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description = {
      "Replay traces of real programs, and count what that takes on each variant.",
      "Traces are what strace and valgrind's lackey write; docs/replay.md says how to take them."
    },
    footer = {
      "",
      "What is no variant's name is a trace. Several traces are programs that take turns.",
      "",
      "Examples:",
      "  strace -f -y -e trace=memory,process -o ls.strace ls",
      "  mmport replay --populate ls.strace",
      "  valgrind --tool=lackey --trace-mem=yes --trace-syscalls=yes \\",
      "    --child-silent-after-fork=yes --log-file=ls.lackey ls",
      "  mmport replay ls.lackey x86_64/4level arm64/64k-va48"
    })
final class ReplayCommand implements Callable<Integer> {
  @Parameters(
      arity = "1..*",
      paramLabel = "TRACE|VARIANT",
      completionCandidates = Ports.class,
      description = "traces, or - for standard input; variants, all by default")
  List<String> tracesAndVariants = new ArrayList<>();

  @Option(
      names = "--populate",
      description = {
        "as if every mapping were made with MAP_POPULATE: for traces",
        "of calls alone, in which nothing is accessed"
      })
  boolean populate;

  @Option(names = "--json", description = "one JSON object per line")
  boolean json;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    Set<String> known = Ports.variants().stream().map(MmuVariant::id).collect(Collectors.toSet());
    List<String> traces = tracesAndVariants.stream().filter(t -> !known.contains(t)).toList();
    List<String> ids = tracesAndVariants.stream().filter(known::contains).distinct().toList();
    if (traces.isEmpty()) {
      throw new InvalidRequestException("no trace: name a file, or - for standard input");
    }
    List<MmuVariant> variants = Ports.chosen(ids);
    List<InputStream> open = new ArrayList<>();
    List<Replayer> machines = new ArrayList<>();
    try {
      List<TraceReader> readers = new ArrayList<>();
      for (String trace : traces) {
        InputStream in = open(trace);
        open.add(in);
        readers.add(new TraceReader(trace, in));
      }
      for (MmuVariant variant : variants) {
        machines.add(new Replayer(variant, populate ? Populate.ALL : Populate.AS_TRACED));
      }
      Replay replay = new Replay(readers, machines);
      replay.run();
      print(traces, replay, machines);
      return CommandLine.ExitCode.OK;
    } finally {
      machines.forEach(Replayer::close);
      open.forEach(ReplayCommand::close);
    }
  }

  private static InputStream open(String trace) {
    if (trace.equals("-")) {
      return System.in;
    }
    try {
      Path file = Path.of(trace);
      if (!Files.isRegularFile(file)) {
        throw new InvalidRequestException(
            trace + ": is neither a trace, which is a file, nor a variant; see mmport list");
      }
      return Files.newInputStream(file);
    } catch (java.nio.file.InvalidPathException e) {
      throw new InvalidRequestException(trace + ": is neither a file's name nor a variant");
    } catch (IOException e) {
      throw new UncheckedIOException(trace + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static void close(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException("trace cannot be closed: " + e.getMessage(), e);
    }
  }

  private void print(List<String> traces, Replay replay, List<Replayer> machines) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      JsonLines lines = new JsonLines(out);
      machines.forEach(machine -> lines.object(object -> write(object, traces, replay, machine)));
      return;
    }
    CountsTable table = new CountsTable(out);
    table.header();
    machines.forEach(machine -> table.row(machine.variant(), machine.counts()));
    out.printf(
        "%n%d lines: %d accesses, %d calls, of %d processes and threads%n",
        replay.lines(), replay.accesses(), replay.calls(), machines.getFirst().tasksStarted());
    if (replay.accesses() == 0 && !populate) {
      out.println(
          "nothing is accessed in the trace: pages are those of MAP_POPULATE and mlock alone;"
              + " see --populate");
    }
    new ReplayNotes(traces, machines).print(out);
  }

  private static void write(
      JsonGenerator json, List<String> traces, Replay replay, Replayer machine) throws IOException {
    json.writeStringField("variant", machine.variant().id());
    json.writeNumberField("lines", replay.lines());
    json.writeNumberField("accesses", replay.accesses());
    json.writeNumberField("calls", replay.calls());
    json.writeNumberField("tasks", machine.tasksStarted());
    CountsTable.write(json, machine.counts());
    json.writeArrayFieldStart("notes");
    for (Note note : machine.notes()) {
      json.writeStartObject();
      json.writeStringField("kind", note.kind().toString());
      json.writeStringField("call", note.call());
      json.writeStringField("reason", note.reason());
      json.writeNumberField("count", note.count());
      json.writeStringField("firstTrace", traces.get(note.firstTrace()));
      json.writeNumberField("firstLine", note.firstLine());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}

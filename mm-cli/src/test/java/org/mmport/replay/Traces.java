package org.mmport.replay;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.mmport.spi.Architecture;
import org.mmport.spi.MmuVariant;

/** Traces for tests: those of docs/examples, which are real, and texts. */
final class Traces {
  private Traces() {}

  static byte[] real(String name) {
    try {
      return Files.readAllBytes(Path.of("../docs/examples").resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static TraceReader reader(byte[] bytes) {
    return new TraceReader("test", new ByteArrayInputStream(bytes));
  }

  static TraceReader reader(String... lines) {
    return reader((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  static List<TraceEvent> events(TraceReader reader) {
    List<TraceEvent> events = new ArrayList<>();
    for (Optional<TraceEvent> next = reader.next(); next.isPresent(); next = reader.next()) {
      events.add(next.get());
    }
    return events;
  }

  static List<MmuVariant> variants() {
    return ServiceLoader.load(Architecture.class).stream()
        .flatMap(provider -> provider.get().variants().stream())
        .toList();
  }

  static MmuVariant variant(String id) {
    return variants().stream().filter(variant -> variant.id().equals(id)).findFirst().orElseThrow();
  }

  /** A machine that has replayed traces, to be closed by the caller. */
  static Replayer replayed(String variantId, Populate populate, TraceReader... traces) {
    Replayer machine = new Replayer(variant(variantId), populate);
    new Replay(List.of(traces), List.of(machine)).run();
    return machine;
  }

  /** Notes as {@code kind call: reason xCOUNT @LINE}. */
  static List<String> notes(Replayer machine) {
    return machine.notes().stream()
        .map(
            note ->
                "%s %s: %s x%d @%d"
                    .formatted(
                        note.kind(), note.call(), note.reason(), note.count(), note.firstLine()))
        .toList();
  }
}

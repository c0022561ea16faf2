package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every console block of docs/cli.md and docs/replay.md is run and must print what it says, on the
 * dump that the tests make.
 */
class CliDocsTest {
  @TempDir Path directory = Path.of("");

  @Test
  void examplesPrintWhatTheySay() throws IOException {
    String dump = TinyDump.write(directory).toString();
    assertTrue(run(Path.of("../docs/cli.md"), dump) >= 6);
    assertTrue(run(Path.of("../docs/replay.md"), dump) >= 2);
  }

  /** Runs the examples of a document and returns how many there are. */
  private static int run(Path document, String dump) throws IOException {
    int examples = 0;
    List<String> lines = Files.readAllLines(document);
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).startsWith("$ mmport ")) {
        continue;
      }
      String command = lines.get(i).substring("$ mmport ".length());
      List<String> expected = new ArrayList<>();
      while (!lines.get(i + 1).startsWith("```") && !lines.get(i + 1).startsWith("$ ")) {
        expected.add(lines.get(++i));
      }
      Run run =
          Run.of(
              command
                  .replace("tiny.core", dump)
                  .replaceAll("([a-z]+\\.(?:mm|lackey|strace))", "../docs/examples/$1")
                  .split(" "));
      assertEquals(String.join("\n", expected), run.out().stripTrailing(), command);
      examples++;
    }
    return examples;
  }
}

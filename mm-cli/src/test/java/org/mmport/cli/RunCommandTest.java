package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command run: counts that follow from the manuals by hand, and what it refuses. */
class RunCommandTest {
  @TempDir Path directory = Path.of("");

  private String script(String text) throws IOException {
    return Files.writeString(directory.resolve("script.mm"), text).toString();
  }

  /**
   * Four levels are four tables, and one page; a walk of them reads four entries. Linux counts no
   * bytes for a root.
   */
  @Test
  void oneStoreTakesOneTableForEachLevel() throws IOException {
    String file = script("start a\nmmap a 0 1 rw- private\ncpu0 store a 0 7\n");
    Run run = Run.of("run", file, "x86_64/4level", "--json");
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.out().contains("\"pages\":1,\"tables\":4,\"tableBytes\":12288,"), run.out());
    assertTrue(run.out().contains("\"minor\":1,"), run.out());
    assertTrue(run.out().contains("\"leafFlushes\":0,\"walkCacheFlushes\":0,"), run.out());
    Run five = Run.of("run", file, "x86_64/la57", "--json");
    assertTrue(five.out().contains("\"pages\":1,\"tables\":5,"), five.out());
  }

  @Test
  void whatIsNotAsExpectedIsSaidAndEndsWithOne() throws IOException {
    Run run =
        Run.of("run", script("start a\n\nexpect cpu0 load a 3 is 7\nexit a"), "arm64/16k-va47");
    assertEquals(1, run.exit());
    assertTrue(
        run.out()
            .contains("arm64/16k-va47 line 3, 'cpu0 load a 3': is fault: not mapped, expected 7"),
        run.out());
  }

  @Test
  void badScriptsAreRefusedInOneLine() throws IOException {
    refused("line 2, 'frok a b': 'frok': one of start, exit,", script("start a\nfrok a b"));
    refused("line 1, 'cpu9 load a 0': the machine has CPUs 0 to 1", script("cpu9 load a 0"));
    refused("must be a script", directory.resolve("missing.mm").toString());
    refused("must be a script", directory.toString());
    Path bytes = Files.write(directory.resolve("bytes.mm"), new byte[] {(byte) 0xff, 0, 1});
    refused("cannot be read as text", bytes.toString());
  }

  private static void refused(String reason, String file) {
    Run run = Run.of("run", file, "x86/pae");
    assertEquals(2, run.exit(), run.out());
    assertTrue(run.err().contains(reason), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
  }
}

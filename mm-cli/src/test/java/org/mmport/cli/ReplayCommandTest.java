package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command replay: what it prints, and what it refuses. */
class ReplayCommandTest {
  private static final String FORK = "../docs/examples/fork.lackey";
  private static final String SCRIPT = "../docs/examples/script.strace";

  @TempDir Path directory = Path.of("");

  @Test
  void jsonHasTheCountsOfRunAndTheNotes() {
    Run run = Run.of("replay", FORK, "x86_64/4level", "--json");
    assertEquals(0, run.exit(), run.err());
    assertTrue(
        run.out()
            .startsWith(
                "{\"variant\":\"x86_64/4level\",\"lines\":191,\"accesses\":157,\"calls\":6,"
                    + "\"tasks\":2,\"pages\":21,"),
        run.out());
    assertTrue(run.out().contains("\"copied\":4,"), run.out());
    assertTrue(
        run.out()
            .contains(
                "{\"kind\":\"adapted\",\"call\":\"access\",\"reason\":\"a page that the trace does"
                    + " not show being mapped\",\"count\":2,\"firstTrace\":\""
                    + FORK
                    + "\",\"firstLine\":7}"),
        run.out());
  }

  @Test
  void allVariantsAreTheDefaultInAnyOrderOfArguments() {
    Run all = Run.of("replay", FORK);
    assertTrue(all.out().contains("\nx86/pae "), all.out());
    assertTrue(all.out().contains("\nppc64/hash-64k-2006 "), all.out());
    Run two = Run.of("replay", "x86/pae", FORK, "x86_64/la57");
    assertTrue(two.out().contains("\nx86/pae "), two.out());
    assertFalse(two.out().contains("ppc64"), two.out());
  }

  @Test
  void aTraceOfCallsAloneSaysSo() {
    Run run = Run.of("replay", SCRIPT, "x86_64/4level");
    assertTrue(run.out().contains("nothing is accessed in the trace"), run.out());
    Run populated = Run.of("replay", "--populate", SCRIPT, "x86_64/4level");
    assertFalse(populated.out().contains("nothing is accessed"), populated.out());
  }

  @Test
  void whatIsWrongIsSaidInOneLine() throws IOException {
    refused("no trace: name a file", "x86/pae");
    refused(
        "x86_64/4levels: is neither a trace, which is a file, nor a variant",
        FORK,
        "x86_64/4levels");
    refused("is neither a trace", directory.toString());
    Path script = Files.writeString(directory.resolve("not.a.trace"), "brk(NULL) = 0x1\nhello\n");
    refused("not.a.trace line 2, 'hello': must be a call like", script.toString());
    Path empty = Files.writeString(directory.resolve("nul"), "\0".repeat(1 << 17));
    refused("nul line 1: has more than 65536 bytes", empty.toString());
  }

  private static void refused(String reason, String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "replay";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    Run run = Run.of(all);
    assertEquals(2, run.exit(), run.out());
    assertTrue(run.err().contains(reason), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
  }
}

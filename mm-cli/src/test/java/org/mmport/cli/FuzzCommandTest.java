package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mmport.scenario.ScenarioFuzz;
import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.MmuVariant;

/** The command fuzz: how far it goes, and what it says where a port is wrong. */
class FuzzCommandTest {
  @TempDir Path directory = Path.of("");

  @Test
  void eachMachineIsOneOfItsOwn() {
    Run run = Run.of("fuzz", "x86_64/4level", "--steps", "10001", "--seed", "3");
    assertEquals(0, run.exit(), run.err());
    assertEquals("x86_64/4level           10001 steps on 2 machines: as the model\n", run.out());
    Run json = Run.of("fuzz", "ppc64/hash-4k", "x86/pae", "--steps", "50", "--json");
    assertEquals(
        """
        {"variant":"ppc64/hash-4k","steps":50,"machines":1,"asModel":true}
        {"variant":"x86/pae","steps":50,"machines":1,"asModel":true}
        """,
        json.out());
  }

  @Test
  void noStepsAreRefused() {
    Run run = Run.of("fuzz", "x86_64/4level", "--steps", "0");
    assertEquals(2, run.exit());
    assertTrue(run.err().contains("0 steps: must be 1 or more"), run.err());
  }

  /** Neither parent nor child is kept from writing to what the other has too. */
  private static MmuVariant neverWriteProtects() {
    return Ports.variant("x86_64/4level")
        .withBatchOps(
            new BatchOps() {
              @Override
              public void wrProtect(LeafTable table, int index, int nr) {
                // All stays as it is.
              }
            });
  }

  /** What it prints is a script, and the command that it names meets the same. */
  @Test
  void whatDiffersIsShrunkToAScript() throws IOException {
    ScenarioFuzz fuzz = new ScenarioFuzz(neverWriteProtects());
    ScenarioFuzz.Result result = fuzz.run(1, 40_000, () -> {});
    ScenarioFuzz.Finding finding = result.finding().orElseThrow();
    assertTrue(finding.shrunk().steps().size() <= 6, finding.toString());
    ScenarioFuzz.Result again = fuzz.run(finding.seed(), finding.steps(), () -> {});
    assertEquals(finding, again.finding().orElseThrow());

    StringWriter text = new StringWriter();
    FuzzCommand.print(new PrintWriter(text, true), result);
    assertTrue(
        text.toString()
            .contains(
                "# the same again: ./mmport fuzz x86_64/4level --seed %d --steps %d\n"
                    .formatted(finding.seed(), finding.steps())),
        text.toString());
    String script = text.toString().lines().skip(1).reduce("", (a, b) -> a + b + "\n");
    Path file = Files.writeString(directory.resolve("found.mm"), script);
    Run onTheGoodOne = Run.of("run", file.toString(), "x86_64/4level");
    assertEquals(0, onTheGoodOne.exit(), onTheGoodOne.err());
  }
}

package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.RandomSteps;
import org.mmport.scenario.ReferenceMemory;
import org.mmport.scenario.Script;
import org.mmport.scenario.Step;
import org.mmport.scenario.StepResult;
import org.mmport.spi.InvalidRequestException;

/** Scripts as they are written, and those that are refused. */
class ScriptTest {
  @Test
  void linesAreSteps() {
    Script script =
        Script.parse(
            List.of(
                "# processes",
                "start a",
                "",
                "mmap a 0 4 rw- private # four pages",
                "cpu0 store a 0x3 -7; fork a b",
                "expect cpu1 load b 3 is -7"));
    assertEquals(
        List.of(
            new Script.Line(2, new Step.Start("a"), Optional.empty()),
            new Script.Line(
                4, new Step.Mmap("a", 0, 4, VmaRights.READ_WRITE, false), Optional.empty()),
            new Script.Line(5, new Step.Store("a", 0, 3, (byte) -7), Optional.empty()),
            new Script.Line(5, new Step.Fork("a", "b", ForkStrategy.EAGER), Optional.empty()),
            new Script.Line(
                6, new Step.Load("b", 1, 3), Optional.of(new StepResult.Value((byte) -7)))),
        script.lines());
  }

  @Test
  void stepsReadBackAsTheyWereWritten() {
    ReferenceMemory model = new ReferenceMemory();
    RandomSteps random = new RandomSteps(1, model, 2, true, 32);
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      Step step = random.next();
      model.run(step);
      steps.add(step);
    }
    assertEquals(
        steps, Script.parse(Script.write(steps)).lines().stream().map(Script.Line::step).toList());
    assertEquals(35, steps.stream().map(Step::getClass).distinct().count(), "kinds of steps");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "begin a | 'begin': one of start,",
        "start | 'start' takes 1 more words, not 0",
        "start 1a | '1a': a process has a name",
        "start a b | 'start' takes 1 more words, not 2",
        "mmap a 0 0 rw- private | '0': a number of pages must be 1 to 1048576",
        "mmap a -1 1 rw- private | '-1': a page must be 0 to 1048575",
        "mmap a 0 99999999999999999999 rw- private | must be 1 to 1048576",
        "mmap a 0 1 rwz private | rights",
        "mmap a 0 1 rw- common | 'common': must be private or shared",
        "fork a b slowly | 'slowly': no way to fork; one of [eager, batched, lazy, lazy-pmd,"
            + " lazy-all]",
        "thp sometimes | 'sometimes': must be never, madvise or always",
        "advise a 0 1 little | 'little': must be huge or nohuge",
        "collapse a | 'collapse' takes 2 more words, not 1",
        "numa a 0 | 'numa' takes 3 more words, not 2",
        "cpu1 numa a 0 | 'cpu1' takes 4 more words, not 3",
        "swapon 0 | '0': a number of pages must be 1 to 1048576",
        "device p jump | 'jump': a device does load or store",
        "mremap a 0 1 | 'mremap' takes 4 more words, not 3",
        "mremap a 0 1 2 at 3 | 'at': must be to",
        "mremap a 0 1 2 to | 'mremap' takes 6 more words, not 5",
        "cpu0 jump a 0 | 'jump': a CPU does load, store, fetch or numa",
        "cpu0 | there must be a word after 'cpu0'",
        "cpu0 store a 0 300 | '300': a result, or a byte must be -128 to 127",
        "expect cpu0 load a 0 | write it like: expect cpu0 load a 0 is 7",
        "expect cpu0 load a 0 is fine | 'fine': a result",
      })
  void whatSaysNothingIsRefusedWithItsLine(String line, String reason) {
    InvalidRequestException refused =
        assertThrows(InvalidRequestException.class, () -> Script.parse(List.of("start a", line)));
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.startsWith("line 2, '"), message);
    assertTrue(message.contains(reason), message);
    assertEquals(1, message.lines().count());
  }
}

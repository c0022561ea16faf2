package org.mmport.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mmport.scenario.Invariants;
import org.mmport.spi.MmportException;

/** Whatever a trace says: an end, and one line where it is none. */
class ReplayFuzzTest {
  private static final long SEED = 20_261_121;
  private static final List<String> VARIANTS =
      List.of("x86_64/4level", "x86/2level", "arm64/64k-va48", "ppc64/hash-4k");
  private static final List<String> WORDS =
      List.of(
          "0",
          "4096",
          "4097",
          "0xfffffffffffff000",
          "18446744073709551615",
          "-1",
          "0x1000",
          "NULL",
          "281474976710656",
          "(",
          ")",
          "\"",
          "{",
          ",",
          "= -1 ENOMEM (x)",
          "= ?",
          "<unfinished ...>",
          "<... mmap resumed>",
          "MAP_FIXED",
          "PROT_NONE",
          "munmap",
          "mremap",
          "mlock",
          "brk",
          "fork",
          "execve",
          "\n",
          "\n\n",
          " L ",
          "I  ",
          " --> [",
          "SYSCALL[1,1](9) ",
          "+++ exited with 0 +++",
          "9999999999999999999");

  private static void replay(byte[] trace, String what) {
    String id = VARIANTS.get(Math.floorMod(what.hashCode(), VARIANTS.size()));
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          try (Replayer machine = new Replayer(Traces.variant(id), Populate.AS_TRACED)) {
            try {
              new Replay(List.of(Traces.reader(trace)), List.of(machine)).run();
            } catch (MmportException e) {
              assertEquals(1, String.valueOf(e.getMessage()).lines().count(), what);
            }
            assertEquals(
                Optional.empty(), new Invariants(machine.machine().system()).broken(), what);
          } catch (RuntimeException e) {
            fail(id + " " + what, e);
          }
        });
  }

  @Test
  void tracesThatAreCutShort() {
    for (String name : List.of("fork.lackey", "threads.strace", "script.strace")) {
      byte[] whole = Traces.real(name);
      for (int length = 1; length < whole.length; length += 499) {
        replay(Arrays.copyOf(whole, length), name + " cut to " + length);
      }
    }
  }

  @Test
  void linesThatSaySomethingElse() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 120; i++) {
      String name = List.of("fork.lackey", "threads.strace", "script.strace").get(i % 3);
      StringBuilder text =
          new StringBuilder(new String(Traces.real(name), StandardCharsets.US_ASCII));
      int changes = 1 + random.nextInt(6);
      for (int j = 0; j < changes; j++) {
        int at = random.nextInt(text.length());
        int end = Math.min(text.length(), at + random.nextInt(12));
        text.replace(at, end, WORDS.get(random.nextInt(WORDS.size())));
      }
      replay(text.toString().getBytes(StandardCharsets.US_ASCII), name + " case " + i);
    }
  }

  /** Numbers of arguments and results only, so that lines are read and calls are strange. */
  @Test
  void callsWithOtherNumbers() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 120; i++) {
      String name = List.of("fork.lackey", "threads.strace", "script.strace").get(i % 3);
      String[] lines = new String(Traces.real(name), StandardCharsets.US_ASCII).split("\n");
      int changes = 1 + random.nextInt(8);
      for (int j = 0; j < changes; j++) {
        int at = random.nextInt(lines.length);
        String number =
            "0x"
                + Long.toHexString(
                    random.nextLong() >>> random.nextInt(64) & -(1L << random.nextInt(20)));
        lines[at] = lines[at].replaceFirst("(?<=[ (,])(0x[0-9a-f]+|\\d{4,})", number);
        lines[at] =
            random.nextInt(3) == 0 ? lines[at].replaceFirst("= \\S+$", "= " + number) : lines[at];
        if (random.nextInt(4) == 0) {
          lines[at] = lines[random.nextInt(lines.length)];
        }
      }
      replay(String.join("\n", lines).getBytes(StandardCharsets.US_ASCII), name + " numbers " + i);
    }
  }

  @Test
  void bytes() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 40; i++) {
      byte[] bytes = new byte[random.nextInt(4096)];
      random.nextBytes(bytes);
      replay(bytes, "bytes " + i);
    }
  }
}

package org.mmport.interleave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.ScenarioCheck;

/** The order of locks: what is said of it, what is refused, and that the core keeps to it. */
class LockOrderTest {
  private static final Pattern ROW =
      Pattern.compile("^\\| \\d+ \\| `(\\w+)` \\|", Pattern.MULTILINE);

  /** Whatever processes do, one after another: each nesting of locks counts, met or not. */
  @ParameterizedTest
  @ValueSource(strings = {"x86_64/4level", "x86/pae", "arm64/4k-va48", "ppc64/hash-4k"})
  void theCoreKeepsToIt(String id) {
    LockOrder order = new LockOrder();
    ScenarioCheck check = new ScenarioCheck(() -> new MmBench(Races.variant(id), order));
    assertEquals(Optional.empty(), check.random(5, 1_500, 30));
  }

  @Test
  void theDocumentHasTheOrderOfTheCode() throws IOException {
    String text = Files.readString(Path.of("../docs/design/locking.md"));
    assertEquals(
        Arrays.stream(LockRank.values()).map(Enum::name).toList(),
        ROW.matcher(text).results().map(match -> match.group(1)).toList());
  }

  @Test
  void whatIsAgainstItIsRefused() {
    LockName file = new LockName(LockRank.FILE, 3);
    LockName other = new LockName(LockRank.FILE, 4);
    LockName cpu = new LockName(LockRank.CPU, 1);
    assertEquals(
        "lock order: takes file 3 while it holds CPU 1; file comes before CPU (docs/design/locking.md)",
        refusal(List.of(cpu), file));
    assertEquals(
        "lock order: takes file 4 while it holds file 3; one file at a time",
        refusal(List.of(file), other));
    assertEquals(
        "lock order: takes CPU 1 while it holds it; that one cannot be taken twice",
        refusal(List.of(file, cpu), cpu));
    LockOrder order = new LockOrder();
    order.acquire(file);
    order.acquire(file);
    order.acquire(cpu);
    order.release(cpu);
    order.release(file);
    assertThrows(LockOrderException.class, () -> order.acquire(other));
    order.release(file);
    order.acquire(other);
  }

  /** Whoever shares a lock would wait for itself, or for one who waits for it. */
  @Test
  void whatIsSharedIsNotTakenAgain() {
    LockName system = new LockName(LockRank.SYSTEM, 0);
    LockName node = new LockName(LockRank.NODE, 0);
    LockOrder order = new LockOrder();
    order.acquireShared(system);
    assertThrows(LockOrderException.class, () -> order.acquire(system));
    assertThrows(LockOrderException.class, () -> order.acquireShared(system));
    order.acquire(node);
    order.release(node);
    order.releaseShared(system);
    order.acquire(system);
    order.acquire(system);
    assertThrows(LockOrderException.class, () -> order.acquireShared(system));
    order.release(system);
    order.release(system);
    order.acquire(node);
    assertThrows(LockOrderException.class, () -> order.acquireShared(system));
  }

  private static String refusal(List<LockName> held, LockName taken) {
    LockOrder order = new LockOrder();
    held.forEach(order::acquire);
    return String.valueOf(
        assertThrows(LockOrderException.class, () -> order.acquire(taken)).getMessage());
  }
}

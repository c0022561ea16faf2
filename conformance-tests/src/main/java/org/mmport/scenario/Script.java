package org.mmport.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.mmport.fork.ForkStrategies;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.HugePageAdvice;
import org.mmport.mm.HugePagePolicy;
import org.mmport.mm.VmaRights;
import org.mmport.spi.InvalidRequestException;

/**
 * A scenario as it is written down: one step a line or, on one line, with {@code ;} between; {@code
 * #} before what is for people. A line that begins with {@code expect} says after {@code is} what
 * its step must come to.
 *
 * <pre>
 * start a
 * mmap a 0 4 rw- private
 * cpu0 store a 0 7
 * fork a b
 * expect cpu1 load b 0 is 7
 * expect cpu1 fetch b 0 is fault: not permitted
 * </pre>
 */
public record Script(List<Line> lines) {
  /** No process needs more, and a typing error must not fill memory. */
  private static final long MAX_PAGE = 1L << 20;

  /** The largest order that any variant has is below a table of 1024 entries. */
  private static final int MAX_ORDER = 9;

  private static final Pattern EXPECT = Pattern.compile("expect\\s+(.+?)\\s+is\\s+(.+)");
  private static final Pattern CPU = Pattern.compile("cpu(\\d{1,3})");
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,15}");

  public Script {
    lines = List.copyOf(lines);
  }

  /**
   * A step of a script.
   *
   * @param number of the line, from 1
   * @param expected what it must come to, where the script says so
   */
  public record Line(int number, Step step, Optional<StepResult> expected) {}

  /**
   * Reads a script.
   *
   * @throws InvalidRequestException for a line that says nothing known; it names line and rule
   */
  public static Script parse(List<String> text) {
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < text.size(); i++) {
      String line = text.get(i).replaceFirst("#.*", "");
      for (String step : line.split(";", -1)) {
        if (!step.isBlank()) {
          lines.add(line(i + 1, step.strip()));
        }
      }
    }
    return new Script(lines);
  }

  /** A script of steps that were run. */
  public static List<String> write(List<Step> steps) {
    return steps.stream().map(Step::toString).toList();
  }

  private static Line line(int number, String text) {
    try {
      Matcher expect = EXPECT.matcher(text);
      if (expect.matches()) {
        return new Line(number, step(expect.group(1)), Optional.of(result(expect.group(2))));
      }
      if (text.startsWith("expect")) {
        throw new InvalidRequestException("write it like: expect cpu0 load a 0 is 7");
      }
      return new Line(number, step(text), Optional.empty());
    } catch (InvalidRequestException e) {
      throw new InvalidRequestException(
          "line %d, '%s': %s".formatted(number, text, e.getMessage()));
    }
  }

  private static Step step(String text) {
    Words words = new Words(List.of(text.split("\\s+")));
    Matcher cpu = CPU.matcher(words.word(0));
    if (cpu.matches()) {
      return access(Integer.parseInt(cpu.group(1)), words);
    }
    return switch (words.word(0)) {
      case "start" -> words.exactly(2, w -> new Step.Start(w.name(1)));
      case "exit" -> words.exactly(2, w -> new Step.Exit(w.name(1)));
      case "fork" -> fork(words);
      case "mmap" -> mmap(words);
      case "munmap" -> words.exactly(4, w -> new Step.Munmap(w.name(1), w.page(2), w.pages(3)));
      case "mprotect" ->
          words.exactly(5, w -> new Step.Mprotect(w.name(1), w.page(2), w.pages(3), w.rights(4)));
      case "dontneed" -> words.exactly(4, w -> new Step.DontNeed(w.name(1), w.page(2), w.pages(3)));
      case "lazyfree" -> words.exactly(4, w -> new Step.LazyFree(w.name(1), w.page(2), w.pages(3)));
      case "mlock" -> words.exactly(4, w -> new Step.Mlock(w.name(1), w.page(2), w.pages(3)));
      case "munlock" -> words.exactly(4, w -> new Step.Munlock(w.name(1), w.page(2), w.pages(3)));
      case "brk" -> words.exactly(3, w -> new Step.Brk(w.name(1), w.page(2)));
      case "exec" -> words.exactly(2, w -> new Step.Exec(w.name(1)));
      case "mremap" -> mremap(words);
      case "file" -> words.exactly(3, w -> new Step.CreateFile(w.name(1), w.size(2)));
      case "truncate" -> words.exactly(3, w -> new Step.Truncate(w.name(1), w.size(2)));
      case "sync" -> words.exactly(2, w -> new Step.Sync(w.name(1)));
      case "evict" -> words.exactly(2, w -> new Step.Evict(w.name(1)));
      case "pin" -> words.exactly(4, w -> new Step.Pin(w.name(1), w.page(2), w.name(3)));
      case "unpin" -> words.exactly(2, w -> new Step.Unpin(w.name(1)));
      case "device" -> device(words);
      case "folios" -> folios(words, 2, MAX_ORDER, Step.LargeFolios::new);
      case "filefolios" -> folios(words, 1, MAX_ORDER + 1, Step.FileFolios::new);
      case "thp" -> words.exactly(2, w -> new Step.HugePolicy(w.policy(1)));
      case "advise" ->
          words.exactly(5, w -> new Step.Advise(w.name(1), w.page(2), w.pages(3), w.advice(4)));
      case "collapse" -> words.exactly(3, w -> new Step.Collapse(w.name(1), w.page(2)));
      case "numa" -> numa(OptionalInt.empty(), words, 1);
      case "khugepaged" -> words.exactly(2, w -> new Step.Khugepaged(w.pages(1)));
      case "reclaim" -> words.exactly(2, w -> new Step.Reclaim(w.pages(1)));
      case "swapoff" -> words.exactly(1, w -> new Step.SwapOff());
      case "swapon" -> words.exactly(2, w -> new Step.SwapOn(w.pages(1)));
      default ->
          throw new InvalidRequestException(
              "'%s': one of start, exit, fork, mmap, munmap, mprotect, dontneed, lazyfree, mremap, mlock, munlock, brk, exec, file, truncate, sync, evict, reclaim, swapoff, swapon, folios, filefolios, thp, advise, collapse, khugepaged, numa, pin, unpin, device, cpuN load, cpuN store, cpuN fetch, cpuN numa, expect"
                  .formatted(words.word(0)));
    };
  }

  private static Step fork(Words words) {
    return words.count() > 3
        ? words.exactly(
            4, w -> new Step.Fork(w.name(1), w.name(2), ForkStrategies.named(w.word(3))))
        : words.exactly(3, w -> new Step.Fork(w.name(1), w.name(2), ForkStrategy.EAGER));
  }

  /**
   * Orders, as page sizes differ by variant and a size in bytes would mean something else on each.
   */
  private static Step folios(
      Words words, int min, int max, Function<List<Integer>, Step> ofOrders) {
    if (words.word(1).equals("none")) {
      return words.exactly(2, w -> ofOrders.apply(List.of()));
    }
    return words.exactly(
        Math.max(2, words.count()),
        w ->
            ofOrders.apply(
                IntStream.range(1, w.count())
                    .mapToObj(i -> (int) Words.number(w.word(i), min, max, "an order"))
                    .toList()));
  }

  private static Step mmap(Words words) {
    return words.count() > 6
        ? words.exactly(
            8,
            w ->
                new Step.MmapFile(
                    w.name(1),
                    w.page(2),
                    w.pages(3),
                    w.rights(4),
                    w.shared(5),
                    w.name(6),
                    w.page(7)))
        : words.exactly(
            6, w -> new Step.Mmap(w.name(1), w.page(2), w.pages(3), w.rights(4), w.shared(5)));
  }

  private static Step mremap(Words words) {
    if (words.count() > 5 && !words.word(5).equals("to")) {
      throw new InvalidRequestException("'%s': must be to".formatted(words.word(5)));
    }
    return words.exactly(
        words.count() > 5 ? 7 : 5,
        w ->
            new Step.Mremap(
                w.name(1),
                w.page(2),
                w.size(3),
                w.size(4),
                w.count() > 5 ? OptionalLong.of(w.page(6)) : OptionalLong.empty()));
  }

  private static Step device(Words words) {
    return switch (words.word(2)) {
      case "load" -> words.exactly(3, w -> new Step.DeviceLoad(w.name(1)));
      case "store" -> words.exactly(4, w -> new Step.DeviceStore(w.name(1), w.byteValue(3)));
      default ->
          throw new InvalidRequestException(
              "'%s': a device does load or store".formatted(words.word(2)));
    };
  }

  private static Step access(int cpu, Words words) {
    return switch (words.word(1)) {
      case "load" -> words.exactly(4, w -> new Step.Load(w.name(2), cpu, w.page(3)));
      case "fetch" -> words.exactly(4, w -> new Step.Fetch(w.name(2), cpu, w.page(3)));
      case "numa" -> numa(OptionalInt.of(cpu), words, 2);
      case "store" ->
          words.exactly(5, w -> new Step.Store(w.name(2), cpu, w.page(3), w.byteValue(4)));
      default ->
          throw new InvalidRequestException(
              "'%s': a CPU does load, store, fetch or numa".formatted(words.word(1)));
    };
  }

  private static Step numa(OptionalInt cpu, Words words, int first) {
    return words.exactly(
        first + 3,
        w -> new Step.NumaHint(w.name(first), cpu, w.page(first + 1), w.pages(first + 2)));
  }

  private static StepResult result(String text) {
    return switch (text) {
      case "done" -> new StepResult.Done();
      case "refused" -> new StepResult.Refused();
      case "out of memory" -> new StepResult.OutOfMemory();
      case "fault: not mapped" -> new StepResult.NotMapped();
      case "fault: beyond the file" -> new StepResult.BeyondFile();
      case "fault: not permitted" -> new StepResult.NotPermitted();
      default -> new StepResult.Value(Words.byteOf(text));
    };
  }

  /** The words of a line. */
  private record Words(List<String> words) {
    String word(int index) {
      if (index >= words.size()) {
        throw new InvalidRequestException(
            "there must be a word after '" + words.get(index - 1) + "'");
      }
      return words.get(index);
    }

    Step exactly(int count, Function<Words, Step> make) {
      if (words.size() != count) {
        throw new InvalidRequestException(
            "'%s' takes %d more words, not %d"
                .formatted(words.get(0), count - 1, words.size() - 1));
      }
      return make.apply(this);
    }

    int count() {
      return words.size();
    }

    boolean shared(int index) {
      return switch (word(index)) {
        case "private" -> false;
        case "shared" -> true;
        default ->
            throw new InvalidRequestException("'" + word(index) + "': must be private or shared");
      };
    }

    long size(int index) {
      return number(word(index), 0, MAX_PAGE, "a number of pages");
    }

    String name(int index) {
      if (!NAME.matcher(word(index)).matches()) {
        throw new InvalidRequestException(
            "'%s': a process has a name of at most 16 letters, digits, - and _"
                .formatted(word(index)));
      }
      return word(index);
    }

    long page(int index) {
      return number(word(index), 0, MAX_PAGE - 1, "a page");
    }

    long pages(int index) {
      return number(word(index), 1, MAX_PAGE, "a number of pages");
    }

    VmaRights rights(int index) {
      return VmaRights.parse(word(index));
    }

    HugePagePolicy policy(int index) {
      return switch (word(index)) {
        case "never" -> HugePagePolicy.NEVER;
        case "madvise" -> HugePagePolicy.MADVISE;
        case "always" -> HugePagePolicy.ALWAYS;
        default ->
            throw new InvalidRequestException(
                "'" + word(index) + "': must be never, madvise or always");
      };
    }

    HugePageAdvice advice(int index) {
      return switch (word(index)) {
        case "huge" -> HugePageAdvice.HUGEPAGE;
        case "nohuge" -> HugePageAdvice.NOHUGEPAGE;
        default ->
            throw new InvalidRequestException("'" + word(index) + "': must be huge or nohuge");
      };
    }

    byte byteValue(int index) {
      return byteOf(word(index));
    }

    static byte byteOf(String text) {
      return (byte) number(text, -128, 127, "a result, or a byte");
    }

    private static long number(String text, long min, long max, String what) {
      try {
        long value = Long.decode(text);
        if (value >= min && value <= max) {
          return value;
        }
      } catch (NumberFormatException e) {
        // Refused below, with those out of range.
      }
      throw new InvalidRequestException(
          "'%s': %s must be %d to %d".formatted(text, what, min, max));
    }
  }
}

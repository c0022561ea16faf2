package org.mmport.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What HotSpot's optimizing compiler did not inline, by the log that {@code -XX:+LogCompilation}
 * has it write: lines of XML, of which a machine that stops early leaves the last ones out.
 */
final class CompileLog {
  /** Reasons that say nothing of a method's size: nobody comes by, or it is not to be known. */
  private static final Set<String> OF_NO_INTEREST =
      Set.of(
          "never executed",
          "low call site frequency",
          "call site not reached",
          "too cold to inline",
          "no static binding",
          "virtual call",
          "native method",
          "not an accessor",
          "don't inline by annotation",
          "don't inline Throwable constructors",
          "exception method",
          "unloaded signature classes");

  private static final Pattern ATTRIBUTE = Pattern.compile("(\\w+)='([^']*)'");

  private final Map<String, String> classes = new HashMap<>();
  private final Map<String, Map<String, String>> methods = new HashMap<>();
  private final Map<String, List<Call>> byCompiled = new LinkedHashMap<>();
  private List<Call> calls = new ArrayList<>();
  private Map<String, String> call = Map.of();
  private String from = "";
  private boolean optimizing;

  /**
   * A call that stayed one.
   *
   * @param from the method that was compiled, with all that was inlined into it
   * @param to what it calls
   * @param bytes of the callee's code
   * @param times how often the call was seen before
   */
  record Call(String from, String to, int bytes, long times, String reason) {}

  private CompileLog() {}

  /**
   * The calls that the last compilation of each method of ours left, the most frequent first.
   *
   * @param owner what the names of classes begin with whose compilations are asked for
   */
  static List<Call> callsLeft(Path log, String owner) throws IOException {
    CompileLog read = new CompileLog();
    try (BufferedReader lines = Files.newBufferedReader(log)) {
      lines.lines().forEach(line -> read.line(line, owner));
    }
    return read.byCompiled.values().stream()
        .flatMap(Collection::stream)
        .distinct()
        .sorted(Comparator.comparingLong(Call::times).reversed())
        .toList();
  }

  private void line(String line, String owner) {
    if (line.startsWith("<task ")) {
      begin(attributes(line), owner);
    } else if (optimizing && line.startsWith("<klass ")) {
      Map<String, String> klass = attributes(line);
      classes.put(of(klass, "id"), of(klass, "name"));
    } else if (optimizing && line.startsWith("<method ")) {
      Map<String, String> method = attributes(line);
      methods.put(of(method, "id"), method);
    } else if (optimizing && line.startsWith("<call ")) {
      call = attributes(line);
    } else if (optimizing && line.startsWith("<inline_fail ")) {
      left(of(attributes(line), "reason"));
    }
  }

  /** Names are told anew in each task. */
  private void begin(Map<String, String> task, String owner) {
    String method = of(task, "method");
    int level = Integer.parseInt(task.getOrDefault("level", "4"));
    optimizing = level == 4 && method.startsWith(owner) && !task.containsKey("osr_bci");
    if (optimizing) {
      classes.clear();
      methods.clear();
      calls = new ArrayList<>();
      byCompiled.put(method, calls);
    }
    from = optimizing ? named(method) : "";
  }

  private void left(String reason) {
    Map<String, String> method = methods.getOrDefault(of(call, "method"), Map.of());
    if (OF_NO_INTEREST.contains(reason) || method.isEmpty()) {
      return;
    }
    String holder = classes.getOrDefault(of(method, "holder"), "?");
    calls.add(
        new Call(
            from,
            named(holder + " " + of(method, "name")),
            Integer.parseInt(method.getOrDefault("bytes", "0")),
            Long.parseLong(call.getOrDefault("count", "0")),
            reason));
  }

  /** Class and method, without package, number of a hidden class, and signature. */
  private static String named(String method) {
    String[] parts = method.split(" ", 3);
    String type = parts[0].replaceFirst("/0x.*", "");
    return type.substring(type.lastIndexOf('.') + 1) + "." + parts[1];
  }

  private static String of(Map<String, String> attributes, String name) {
    return attributes.getOrDefault(name, "");
  }

  private static Map<String, String> attributes(String line) {
    Map<String, String> attributes = new HashMap<>();
    Matcher matcher = ATTRIBUTE.matcher(line);
    while (matcher.find()) {
      String value = matcher.group(2);
      attributes.put(
          matcher.group(1),
          value
              .replace("&lt;", "<")
              .replace("&gt;", ">")
              .replace("&apos;", "'")
              .replace("&amp;", "&"));
    }
    return attributes;
  }
}

package org.mmport.replay;

import java.util.ArrayList;
import java.util.List;

/**
 * The text of a call as strace writes it: {@code name(argument, argument) = result}. Arguments may
 * hold strings, lists and structures, which are left alone.
 *
 * @param result what is behind {@code =}
 */
record CallText(String name, List<String> arguments, String result) {

  static CallText parse(String text) {
    int open = text.indexOf('(');
    if (open <= 0 || !isName(text, open)) {
      throw new TraceFormatException("must be a call like munmap(0x7f0000000000, 4096) = 0");
    }
    List<String> arguments = new ArrayList<>();
    int close = split(text, open + 1, arguments);
    String rest = text.substring(close + 1).strip();
    if (!rest.startsWith("=") || rest.substring(1).isBlank()) {
      throw new TraceFormatException("must end with = and what the call returned");
    }
    return new CallText(text.substring(0, open), List.copyOf(arguments), rest.substring(1).strip());
  }

  private static boolean isName(String text, int end) {
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
        return false;
      }
    }
    return true;
  }

  /** Adds the arguments and returns where the closing parenthesis is. */
  private static int split(String text, int from, List<String> arguments) {
    int depth = 0;
    int start = from;
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        i = endOfString(text, i);
      } else if (text.startsWith("/*", i)) {
        i = endOf(text, "*/", i) + 1;
      } else if (c == '<' && isPath(text, i)) {
        i = endOfPath(text, i);
      } else if (c == '(' || c == '[' || c == '{') {
        depth++;
      } else if (depth > 0 && (c == ')' || c == ']' || c == '}')) {
        depth--;
      } else if (depth == 0 && (c == ',' || c == ')')) {
        String argument = text.substring(start, i).strip();
        if (c == ',' || !argument.isEmpty() || !arguments.isEmpty()) {
          arguments.add(argument);
        }
        if (c == ')') {
          return i;
        }
        start = i + 1;
      }
    }
    throw new TraceFormatException("ends in the midst of a call");
  }

  private static int endOfString(String text, int open) {
    for (int i = open + 1; i < text.length(); i++) {
      if (text.charAt(i) == '\\') {
        i++;
      } else if (text.charAt(i) == '"') {
        return i;
      }
    }
    throw new TraceFormatException("ends in the midst of a string");
  }

  /** With -y a number of a file is followed by {@code <its path>}. */
  private static boolean isPath(String text, int at) {
    char before = at == 0 ? ' ' : text.charAt(at - 1);
    return (before >= '0' && before <= '9') || text.startsWith("AT_FDCWD", Math.max(0, at - 8));
  }

  /** Of {@code >} in a path strace writes the code, and after it may come {@code (deleted)}. */
  private static int endOfPath(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      char c = text.charAt(i);
      // -yy nests them: socket:[...], or char 5:0 in one more pair.
      depth += c == '<' ? 1 : c == '>' && text.charAt(i - 1) != '-' ? -1 : 0;
      if (depth == 0) {
        return i;
      }
    }
    throw new TraceFormatException("ends in the midst of a path");
  }

  private static int endOf(String text, String end, int from) {
    int at = text.indexOf(end, from);
    if (at < 0) {
      throw new TraceFormatException("ends in the midst of a comment");
    }
    return at;
  }
}

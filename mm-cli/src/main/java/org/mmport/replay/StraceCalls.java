package org.mmport.replay;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mmport.replay.MmCall.MapFlags;
import org.mmport.replay.MmCall.TracedFile;

/** Calls by the words that strace has for them. */
final class StraceCalls {
  private static final Pattern FD = Pattern.compile("(-?\\d{1,9})(?:<(.*)>)?(?:\\(deleted\\))?");
  private static final Pattern ERRNO = Pattern.compile("-1 (E[A-Z0-9]+|\\(errno \\d+\\)).*");

  /** What a call is that was cut short by a signal and is done again. */
  private static final Pattern RESTARTED = Pattern.compile("\\? ERESTART.*");

  /** Calls that change mappings, and of which there is no such thing here. */
  private static final Set<String> UNKNOWN =
      Set.of(
          "remap_file_pages",
          "shmat",
          "shmdt",
          "mlockall",
          "munlockall",
          "pkey_mprotect",
          "map_shadow_stack",
          "mseal",
          "process_madvise",
          "move_pages",
          "migrate_pages");

  /** Advice that takes something away at once; other advice changes nothing that is counted. */
  private static final Set<String> UNKNOWN_ADVICE =
      Set.of(
          "MADV_REMOVE",
          "MADV_PAGEOUT",
          "MADV_POPULATE_READ",
          "MADV_POPULATE_WRITE",
          "MADV_COLLAPSE",
          "MADV_DONTNEED_LOCKED",
          "MADV_DONTFORK",
          "MADV_WIPEONFORK");

  private StraceCalls() {}

  static MmCall call(CallText text) {
    Arguments of = new Arguments(text);
    return switch (text.name()) {
      case "mmap", "mmap2" -> mmap(of);
      case "munmap" -> new MmCall.Munmap(of.address(0), of.number(1));
      case "mprotect" ->
          new MmCall.Mprotect(of.address(0), of.number(1), TraceNumbers.rights(of.text(2)));
      case "mremap" -> mremap(of);
      case "madvise" -> madvise(of);
      case "mlock", "mlock2" ->
          text.arguments().size() > 2 && of.text(2).contains("MLOCK_ONFAULT")
              ? new MmCall.NotReplayable(text.name(), "MLOCK_ONFAULT")
              : new MmCall.Mlock(of.address(0), of.number(1));
      case "munlock" -> new MmCall.Munlock(of.address(0), of.number(1));
      case "brk" -> new MmCall.Brk(of.address(0));
      case "fork" -> new MmCall.Clone("fork", false);
      case "vfork" -> new MmCall.Clone("vfork", true);
      case "clone", "clone3" ->
          new MmCall.Clone(
              text.name(), text.arguments().stream().anyMatch(a -> a.contains("CLONE_VM")));
      case "execve", "execveat" -> new MmCall.Exec(text.name());
      default ->
          UNKNOWN.contains(text.name())
              ? new MmCall.NotReplayable(text.name(), "there is no such call here")
              : new MmCall.Harmless(text.name());
    };
  }

  private static MmCall mmap(Arguments of) {
    Set<String> flags = Set.of(words(of.text(3)));
    if (flags.contains("MAP_HUGETLB")) {
      return new MmCall.NotReplayable("mmap", "MAP_HUGETLB: there are no huge pages of processes");
    }
    boolean shared = flags.contains("MAP_SHARED") || flags.contains("MAP_SHARED_VALIDATE");
    if (!shared && !flags.contains("MAP_PRIVATE")) {
      throw new TraceFormatException(
          "'%s': must name MAP_SHARED or MAP_PRIVATE".formatted(of.text(3)));
    }
    Optional<TracedFile> file =
        flags.contains("MAP_ANONYMOUS")
            ? Optional.empty()
            : Optional.of(file(of.text(4), of.number(5)));
    MapFlags placed =
        new MapFlags(
            shared,
            flags.contains("MAP_FIXED"),
            flags.contains("MAP_FIXED_NOREPLACE"),
            flags.contains("MAP_POPULATE"),
            flags.contains("MAP_LOCKED"));
    return new MmCall.Mmap(
        of.address(0), of.number(1), TraceNumbers.rights(of.text(2)), placed, file);
  }

  private static TracedFile file(String text, long offset) {
    Matcher fd = FD.matcher(text);
    if (!fd.matches()) {
      throw new TraceFormatException(
          "'%s': must be the number of a file, such as 3".formatted(text));
    }
    return new TracedFile(fd.group(1), Optional.ofNullable(fd.group(2)), offset);
  }

  private static MmCall mremap(Arguments of) {
    String flags = of.text(3);
    if (flags.contains("MREMAP_DONTUNMAP")) {
      return new MmCall.NotReplayable("mremap", "MREMAP_DONTUNMAP");
    }
    return new MmCall.Mremap(
        of.address(0), of.number(1), of.number(2), flags.contains("MREMAP_MAYMOVE"));
  }

  private static MmCall madvise(Arguments of) {
    String advice = of.text(2);
    if (advice.equals("MADV_DONTNEED")) {
      return new MmCall.DontNeed(of.address(0), of.number(1));
    }
    if (advice.equals("MADV_FREE")) {
      return new MmCall.LazyFree(of.address(0), of.number(1));
    }
    return UNKNOWN_ADVICE.contains(advice)
        ? new MmCall.NotReplayable("madvise", advice)
        : new MmCall.Harmless("madvise");
  }

  private static String[] words(String flags) {
    return java.util.Arrays.stream(flags.split("\\|", -1)).distinct().toArray(String[]::new);
  }

  static Outcome outcome(String text) {
    Matcher failed = ERRNO.matcher(text);
    if (failed.matches()) {
      return new Outcome.Failed(failed.group(1).toUpperCase(Locale.ROOT));
    }
    if (text.equals("?") || text.startsWith("? <") || RESTARTED.matcher(text).matches()) {
      return new Outcome.None();
    }
    // Behind the value may be what it means, and with -T the time.
    int end = 0;
    while (end < text.length() && " <(".indexOf(text.charAt(end)) < 0) {
      end++;
    }
    return new Outcome.Value(TraceNumbers.number(text.substring(0, end)));
  }

  /** The arguments of a call by their places. */
  private record Arguments(CallText call) {
    String text(int index) {
      List<String> all = call.arguments();
      if (index >= all.size()) {
        throw new TraceFormatException(
            "%s: has %d arguments, must have %d or more"
                .formatted(call.name(), all.size(), index + 1));
      }
      return all.get(index);
    }

    long address(int index) {
      return TraceNumbers.address(text(index));
    }

    long number(int index) {
      return TraceNumbers.number(text(index));
    }
  }
}

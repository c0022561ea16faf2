package org.mmport.replay;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mmport.replay.MmCall.MapFlags;
import org.mmport.replay.MmCall.TracedFile;

/**
 * Calls as valgrind writes them with {@code --trace-syscalls=yes}, in between accesses: {@code
 * SYSCALL[16004,1](9) sys_mmap ( 0x0, 8192, 3, 34, 4294967295, 0 ) --> [pre-success]
 * Success(0x4835000)}. What comes of some is on another line.
 */
final class ValgrindCalls {
  private static final Pattern CALL =
      Pattern.compile("SYSCALL\\[(\\d{1,9}),(\\d{1,9})\\]\\(\\s*\\d+\\) (.*)");
  private static final Pattern RESULT = Pattern.compile(".*(Success|Failure)\\((0x[0-9a-f]+)\\)");
  private static final Pattern ARGUMENTS =
      Pattern.compile("(?:sys_)?([a-z0-9_]+) ?\\(([^()]*)\\).*");
  private static final Map<Long, String> ERRNO =
      Map.of(
          1L, "EPERM", 2L, "ENOENT", 11L, "EAGAIN", 12L, "ENOMEM", 13L, "EACCES", 17L, "EEXIST",
          22L, "EINVAL");

  // include/uapi/linux/mman.h and include/uapi/asm-generic/mman.h.
  private static final long MAP_TYPE = 3;
  private static final long MAP_PRIVATE = 2;
  private static final long MAP_FIXED = 0x10;
  private static final long MAP_ANONYMOUS = 0x20;
  private static final long MAP_LOCKED = 0x2000;
  private static final long MAP_POPULATE = 0x8000;
  private static final long MAP_HUGETLB = 0x40000;
  private static final long MAP_FIXED_NOREPLACE = 0x100000;
  private static final long MREMAP_MAYMOVE = 1;
  private static final long MREMAP_DONTUNMAP = 4;
  private static final long CLONE_VM = 0x100;
  private static final long MADV_DONTNEED = 4;
  private static final long MADV_FREE = 8;

  /** Of which it is not yet known what came of them, by thread. */
  private final Map<String, MmCall> waiting = new HashMap<>();

  /** The thread whose call is to be followed by a line with its result. */
  private String last = "";

  private int process;

  static boolean isCall(String line) {
    return line.startsWith("SYSCALL[") || line.startsWith(" --> [");
  }

  TraceLine parse(String line) {
    if (line.startsWith(" --> [")) {
      return result(last, line);
    }
    Matcher call = CALL.matcher(line);
    if (!call.matches()) {
      throw new TraceFormatException(
          "must be like SYSCALL[16004,1](12) sys_brk ( 0x0 ) --> [pre-success] Success(0x4035000)");
    }
    requireProcess(TraceNumbers.task(call.group(1)));
    last = call.group(2);
    if (!call.group(3).startsWith("...")) {
      waiting.put(last, call(call.group(3)));
    }
    return result(last, call.group(3));
  }

  /** Accesses do not tell whose they are. */
  private void requireProcess(int number) {
    if (process != 0 && process != number) {
      throw new TraceFormatException(
          ("is process %d's, accesses before are %d's, and those behind may be either's; trace with"
                  + " --child-silent-after-fork=yes")
              .formatted(number, process));
    }
    process = number;
  }

  private TraceLine result(String thread, String text) {
    Matcher result = RESULT.matcher(text.strip());
    if (!result.matches()) {
      return new TraceLine.Remark();
    }
    MmCall call = waiting.remove(thread);
    if (call == null) {
      return new TraceLine.Remark();
    }
    long value = TraceNumbers.number(result.group(2));
    if (result.group(1).equals("Failure")) {
      return new TraceLine.Whole(
          0, call, new Outcome.Failed(ERRNO.getOrDefault(value, "error " + value)));
    }
    return call instanceof MmCall.Wait && value > 0
        ? new TraceLine.Ended(TraceNumbers.task(Long.toString(value)))
        : new TraceLine.Whole(0, call, new Outcome.Value(value));
  }

  private static MmCall call(String text) {
    Matcher matcher = ARGUMENTS.matcher(text);
    if (!matcher.matches()) {
      // Of other calls some hold paths, in parentheses of their own.
      return new MmCall.Harmless(text.split("[ (]", 2)[0].replaceFirst("^sys_", ""));
    }
    String name = matcher.group(1);
    List<String> of = Arrays.stream(matcher.group(2).split(",", -1)).map(String::strip).toList();
    return switch (name) {
      case "mmap" -> mmap(of);
      case "munmap" -> new MmCall.Munmap(number(of, 0), number(of, 1));
      case "mprotect" ->
          new MmCall.Mprotect(number(of, 0), number(of, 1), TraceNumbers.rights(number(of, 2)));
      case "mremap" ->
          (number(of, 3) & MREMAP_DONTUNMAP) != 0
              ? new MmCall.NotReplayable("mremap", "MREMAP_DONTUNMAP")
              : new MmCall.Mremap(
                  number(of, 0),
                  number(of, 1),
                  number(of, 2),
                  (number(of, 3) & MREMAP_MAYMOVE) != 0);
      case "madvise" -> madvise(number(of, 0), number(of, 1), number(of, 2));
      case "mlock" -> new MmCall.Mlock(number(of, 0), number(of, 1));
      case "munlock" -> new MmCall.Munlock(number(of, 0), number(of, 1));
      case "brk" -> new MmCall.Brk(number(of, 0));
      case "clone" ->
          new MmCall.Clone(name, (TraceNumbers.number("0x" + of.getFirst()) & CLONE_VM) != 0);
      // Valgrind has a vfork copy the parent's memory, as fork does.
      case "fork", "vfork" -> new MmCall.Clone(name, false);
      case "wait4", "waitpid" -> new MmCall.Wait(name);
      case "execve", "execveat" -> new MmCall.Exec(name);
      case "mlockall", "munlockall", "shmat", "shmdt", "remap_file_pages", "pkey_mprotect" ->
          new MmCall.NotReplayable(name, "there is no such call here");
      default -> new MmCall.Harmless(name);
    };
  }

  private static MmCall mmap(List<String> of) {
    long flags = number(of, 3);
    if ((flags & MAP_HUGETLB) != 0) {
      return new MmCall.NotReplayable("mmap", "MAP_HUGETLB: there are no huge pages of processes");
    }
    Optional<TracedFile> file =
        (flags & MAP_ANONYMOUS) != 0
            ? Optional.empty()
            : Optional.of(
                new TracedFile(Long.toString(number(of, 4)), Optional.empty(), number(of, 5)));
    return new MmCall.Mmap(
        number(of, 0),
        number(of, 1),
        TraceNumbers.rights(number(of, 2)),
        new MapFlags(
            (flags & MAP_TYPE) != MAP_PRIVATE,
            (flags & MAP_FIXED) != 0,
            (flags & MAP_FIXED_NOREPLACE) != 0,
            (flags & MAP_POPULATE) != 0,
            (flags & MAP_LOCKED) != 0),
        file);
  }

  private static MmCall madvise(long va, long bytes, long advice) {
    if (advice == MADV_DONTNEED) {
      return new MmCall.DontNeed(va, bytes);
    }
    return advice == MADV_FREE
        ? new MmCall.LazyFree(va, bytes)
        : new MmCall.NotReplayable("madvise", "advice " + advice);
  }

  private static long number(List<String> of, int index) {
    if (index >= of.size()) {
      throw new TraceFormatException(
          "has %d arguments, must have %d or more".formatted(of.size(), index + 1));
    }
    return TraceNumbers.number(of.get(index));
  }
}

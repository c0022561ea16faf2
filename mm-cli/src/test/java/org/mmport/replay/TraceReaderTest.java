package org.mmport.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.mmport.mm.VmaRights;
import org.mmport.spi.MmportException;

/** What lines of strace, lackey and valgrind say, and in which order it is told. */
class TraceReaderTest {
  private static MmCall call(String line) {
    return ((TraceEvent.Call) Traces.events(Traces.reader(line)).getFirst()).call();
  }

  private static Outcome outcome(String line) {
    return ((TraceEvent.Call) Traces.events(Traces.reader(line)).getFirst()).outcome();
  }

  @Test
  void callsAsStraceWritesThem() {
    assertEquals(
        new MmCall.Mmap(
            0x7f1ea9451000L,
            110592,
            VmaRights.READ_EXEC,
            new MmCall.MapFlags(false, true, false, false, false),
            Optional.of(new MmCall.TracedFile("3", Optional.of("/lib/a, b (c).so"), 0x7000))),
        call(
            "77 mmap(0x7f1ea9451000, 110592, PROT_READ|PROT_EXEC,"
                + " MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3</lib/a, b (c).so>, 0x7000)"
                + " = 0x7f1ea9451000"));
    assertEquals(
        new MmCall.Mmap(
            0,
            8192,
            VmaRights.NONE,
            new MmCall.MapFlags(true, false, false, true, true),
            Optional.empty()),
        call(
            "mmap(NULL, 8192, PROT_NONE, MAP_SHARED|MAP_ANONYMOUS|MAP_POPULATE|MAP_LOCKED, -1, 0)"
                + " = 0x1000 <0.000012>"));
    assertEquals(
        new MmCall.Mremap(0x4000, 4096, 8192, true),
        call("[pid  9] mremap(0x4000, 4096, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x9000) = 0x9000"));
    assertEquals(
        new MmCall.DontNeed(0x4000, 4096), call("9 madvise(0x4000, 4096, MADV_DONTNEED) = 0"));
    assertEquals(
        new MmCall.Harmless("madvise"), call("9 madvise(0x4000, 4096, MADV_HUGEPAGE) = 0"));
    assertEquals(new MmCall.LazyFree(0x4000, 4096), call("9 madvise(0x4000, 4096, MADV_FREE) = 0"));
    assertEquals(
        new MmCall.NotReplayable("madvise", "MADV_PAGEOUT"),
        call("9 madvise(0x4000, 4096, MADV_PAGEOUT) = 0"));
    assertEquals(new MmCall.Brk(0), call("9 12:00:01.123456 brk(NULL) = 0x56369a3ce000"));
    assertEquals(
        new MmCall.Clone("clone3", true),
        call(
            "9 clone3({flags=CLONE_VM|CLONE_FS, stack=0x7f00, tls=0x1} => {parent_tid=[0]}, 88)"
                + " = 16563"));
    assertEquals(
        new MmCall.Clone("clone", false),
        call("9 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 12"));
    assertEquals(
        new MmCall.Exec("execve"),
        call("9 execve(\"/bin/a\\\" = 1)\", [\"a\", \"(\"], 0x7ffc /* 35 vars (a) */) = 0"));
    assertEquals(
        new MmCall.NotReplayable("mlockall", "there is no such call here"),
        call("9 mlockall(MCL_CURRENT) = 0"));
  }

  @Test
  void whatCallsCameTo() {
    assertEquals(new Outcome.Value(0), outcome("munmap(0x1000, 4096) = 0"));
    assertEquals(
        new Outcome.Failed("ENOMEM"),
        outcome(
            "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot)"));
    assertEquals(new Outcome.None(), outcome("9 exit_group(0) = ?"));
    assertEquals(
        new Outcome.None(),
        outcome("9 wait4(-1, NULL, 0, NULL) = ? ERESTARTSYS (To be restarted)"));
  }

  @Test
  void callsAsValgrindWritesThem() {
    assertEquals(
        new MmCall.Mmap(
            0x838000,
            4096,
            VmaRights.READ_EXEC,
            new MmCall.MapFlags(false, true, false, false, false),
            Optional.of(new MmCall.TracedFile("4", Optional.empty(), 4096))),
        call(
            "SYSCALL[9,1](9) sys_mmap ( 0x838000, 4096, 5, 2066, 4, 4096 ) --> [pre-success]"
                + " Success(0x838000) "));
    assertEquals(
        new Outcome.Failed("ENOMEM"),
        outcome("SYSCALL[9,1](10) sys_mprotect ( 0x10000, 4096, 1 )[sync] --> Failure(0xc) "));
    List<TraceEvent> fork =
        Traces.events(
            Traces.reader(
                "SYSCALL[9,1](56) sys_clone ( 1200011, 0x0, 0x0, 0x4a28a10, 0x0 )   clone(fork):"
                    + " process 9 created child 10",
                " --> [pre-success] Success(0xa) ",
                "SYSCALL[9,1](61) sys_wait4 ( -1, 0x0, 0, 0x0 ) --> [async] ... ",
                " L 1fff000768,8",
                "SYSCALL[9,1](61) ... [async] --> Success(0xa) "));
    assertEquals(
        List.of(
            new TraceEvent.Call(2, 0, new MmCall.Clone("clone", false), new Outcome.Value(10)),
            new TraceEvent.Touch(4, AccessKind.LOAD, 0x1fff000768L, 8),
            new TraceEvent.End(5, 10)),
        fork);
  }

  @Test
  void accesses() {
    assertEquals(
        List.of(
            new TraceEvent.Touch(2, AccessKind.FETCH, 0x401ab70, 3),
            new TraceEvent.Touch(3, AccessKind.MODIFY, 0x1fff000768L, 32),
            new TraceEvent.Touch(5, AccessKind.STORE, 0xffffffffff600000L, 1)),
        Traces.events(
            Traces.reader(
                "==1== Lackey, an example Valgrind tool",
                "I  0401ab70,3",
                " M 1fff000768,32",
                "--1-- warning",
                " S ffffffffff600000,1")));
  }

  /** A child's lines may stand before its parent's call returns, and between two halves. */
  @Test
  void whatAChildDoesIsToldAfterTheCallThatMadeIt() {
    List<TraceEvent> events =
        Traces.events(
            Traces.reader(
                "75 vfork( <unfinished ...>",
                "76 execve(\"/bin/ls\", [\"ls\"], 0x55 /* 3 vars */ <unfinished ...>",
                "77 brk(NULL) = 0x1000",
                "75 <... vfork resumed>)              = 76",
                "76 <... execve resumed>)             = 0",
                "76 +++ exited with 0 +++"));
    assertEquals(
        List.of(
            new TraceEvent.Call(4, 75, new MmCall.Clone("vfork", true), new Outcome.Value(76)),
            new TraceEvent.Call(3, 77, new MmCall.Brk(0), new Outcome.Value(0x1000)),
            new TraceEvent.Call(5, 76, new MmCall.Exec("execve"), new Outcome.Value(0)),
            new TraceEvent.End(6, 76)),
        events);
  }

  @Test
  void aThreadThatExecsTakesTheProcessesNumber() {
    List<TraceEvent> events = Traces.events(Traces.reader(Traces.real("threads.strace")));
    TraceEvent.Renumber renumber =
        events.stream()
            .filter(TraceEvent.Renumber.class::isInstance)
            .map(TraceEvent.Renumber.class::cast)
            .findFirst()
            .orElseThrow();
    TraceEvent next = events.get(events.indexOf(renumber) + 1);
    assertTrue(
        next instanceof TraceEvent.Call exec
            && exec.call() instanceof MmCall.Exec
            && exec.task() == renumber.to(),
        next.toString());
  }

  /** On a terminal the first process gets its number when there are two. */
  @Test
  void theFirstProcessIsKnownAgainByItsNumber() {
    List<TraceEvent> events =
        Traces.events(
            Traces.reader(
                "brk(NULL) = 0x1000",
                "clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>",
                "strace: Process 12 attached",
                "[pid    11] <... clone resumed>) = 12",
                "[pid    12] brk(NULL) = 0x1000",
                "[pid    11] brk(NULL) = 0x1000",
                "+++ exited with 0 +++"));
    assertEquals(
        List.of(0, 0, 12, 0),
        events.stream()
            .filter(TraceEvent.Call.class::isInstance)
            .map(event -> ((TraceEvent.Call) event).task())
            .toList());
  }

  @Test
  void whatIsNoTraceIsRefusedByLineAndReason() {
    refused("test line 2, 'hello': must be a call", "brk(NULL) = 0x1000", "hello");
    refused("test line 1, 'munmap(0x7f, 40': ends in the midst of a call", "munmap(0x7f, 40");
    refused("must end with = and what the call returned", "munmap(0x7f, 40)");
    refused("'0x7g': must be a number", "munmap(0x7g, 40) = 0");
    refused("munmap: has 1 arguments, must have 2 or more", "munmap(0x7f) = 0");
    refused("must name MAP_SHARED or MAP_PRIVATE", "mmap(NULL, 1, PROT_NONE, 0x20, -1, 0) = 0x1");
    refused("must be rights", "mprotect(0x1000, 1, READ) = 0");
    refused("test line 1, ' L 12x4,8': must be an access", " L 12x4,8");
    refused("must be an access", "I  0401ab70,");
    refused("must be an access", " S 0401ab70,0");
    refused("must be an access", " S 00000000000401ab70,1");
    refused(
        "test line 2, 'SYSCALL[8,1](12) sys_brk ( 0x0 ) --> [pre-success] Success(0...': is process"
            + " 8's",
        "SYSCALL[9,1](12) sys_brk ( 0x0 ) --> [pre-success] Success(0x4000) ",
        "SYSCALL[8,1](12) sys_brk ( 0x0 ) --> [pre-success] Success(0x4000) ");
    refused(
        "process 9 is in the midst of a call already",
        "9 a( <unfinished ...>",
        "9 b( <unfinished ...>");
    refused(
        "is in the midst of another call, 'wait4(-1,'",
        "9 wait4(-1, <unfinished ...>",
        "9 <... brk resumed>) = 0");
    refused("test line 1: has more than 65536 bytes", "x".repeat(70_000));
  }

  private static void refused(String reason, String... lines) {
    MmportException e =
        assertThrows(MmportException.class, () -> Traces.events(Traces.reader(lines)));
    assertTrue(String.valueOf(e.getMessage()).contains(reason), e.getMessage());
  }
}

package org.mmport.replay;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.mmport.cpu.Access;
import org.mmport.cpu.Cpu;
import org.mmport.machine.OutOfFramesException;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.VmaRights;
import org.mmport.replay.TracedSpace.Contents;
import org.mmport.scenario.ScenarioCounts;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;

/** Does on a machine of one variant what a trace says that processes did. */
public final class Replayer implements AutoCloseable {
  private final ReplayMachine machine;
  private final Populate populate;
  private final Notes notes = new Notes();
  private final FailedCalls failedCalls;
  private final Map<TaskName, Task> tasks = new HashMap<>();
  private final Set<Integer> traces = new HashSet<>();
  private int started;

  /** A task by its number in its trace. */
  private record TaskName(int trace, int number) {}

  /** A process or thread, and the number of its CPU. */
  private record Task(TracedSpace process, int cpu) {}

  /** A machine on which nothing runs yet. */
  public Replayer(MmuVariant variant, Populate populate) {
    this.machine = new ReplayMachine(variant);
    this.populate = populate;
    this.failedCalls = new FailedCalls(notes, machine.pageBytes());
  }

  /**
   * Does what comes next in one of the traces.
   *
   * @param trace its number: those of other traces are other programs
   */
  public void run(int trace, TraceEvent event) {
    notes.at(trace, event.line());
    switch (event) {
      case TraceEvent.Touch touch -> touch(task(new TaskName(trace, 0)), touch);
      case TraceEvent.Call call -> {
        call(new TaskName(trace, call.task()), call);
        machine.keeper().note();
      }
      case TraceEvent.End end -> end(new TaskName(trace, end.task()));
      case TraceEvent.Renumber renumber -> {
        Task by = tasks.remove(new TaskName(trace, renumber.from()));
        TaskName name = new TaskName(trace, renumber.to());
        end(name);
        if (by != null) {
          tasks.put(name, by);
        }
      }
    }
  }

  private void end(TaskName name) {
    Task task = tasks.remove(name);
    if (task != null) {
      task.process().leave();
    }
  }

  private Task task(TaskName name) {
    Task known = tasks.get(name);
    if (known != null) {
      return known;
    }
    if (!traces.add(name.trace())) {
      notes.add(
          Note.Kind.ADAPTED, "process", "the trace does not show its beginning: nothing is mapped");
    }
    Task task = new Task(new TracedSpace(machine, notes), started++);
    tasks.put(name, task);
    return task;
  }

  // Accesses.

  private void touch(Task task, TraceEvent.Touch touch) {
    Cpu cpu = machine.run(task.cpu(), task.process().space());
    try {
      boolean faulted =
          switch (touch.kind()) {
            case FETCH -> touch(task.process(), cpu, Access.USER_EXEC, touch);
            case LOAD -> touch(task.process(), cpu, Access.USER_READ, touch);
            case STORE -> touch(task.process(), cpu, Access.USER_WRITE, touch);
            case MODIFY -> modify(task.process(), cpu, touch);
          };
      if (faulted) {
        machine.keeper().note();
      }
    } catch (InvalidRequestException | OutOfFramesException e) {
      notes.add(Note.Kind.REFUSED_HERE, "access", withoutNumbers(e));
    }
  }

  /** What reaches into another page of the trace is two accesses, on every variant alike. */
  private boolean touch(TracedSpace process, Cpu cpu, Access access, TraceEvent.Touch touch) {
    boolean faulted = process.touch(cpu, access, touch.va());
    long last = touch.va() + touch.bytes() - 1;
    boolean reaches = ((touch.va() ^ last) & -TracedSpace.TRACED_PAGE) != 0;
    return (reaches && process.touch(cpu, access, last)) || faulted;
  }

  private boolean modify(TracedSpace process, Cpu cpu, TraceEvent.Touch touch) {
    boolean faulted = touch(process, cpu, Access.USER_READ, touch);
    return touch(process, cpu, Access.USER_WRITE, touch) || faulted;
  }

  // Calls.

  private void call(TaskName name, TraceEvent.Call event) {
    Task task = task(name);
    MmCall call = event.call();
    machine.run(task.cpu(), task.process().space());
    switch (event.outcome()) {
      case Outcome.None none -> {
        if (call instanceof MmCall.NotReplayable unknown) {
          notes.add(Note.Kind.NOT_REPLAYED, call.name(), unknown.reason());
        } else if (call instanceof MmCall.Harmless) {
          notes.add(Note.Kind.WITHOUT_EFFECT, call.name(), "changes no mapping");
        } else {
          notes.add(Note.Kind.NOT_REPLAYED, call.name(), "did not return");
        }
      }
      case Outcome.Failed failed -> failed(task, call, failed.errno());
      case Outcome.Value value -> {
        try {
          succeeded(name, call, value.value());
        } catch (InvalidRequestException | OutOfFramesException e) {
          notes.add(Note.Kind.REFUSED_HERE, call.name(), withoutNumbers(e));
        }
      }
    }
  }

  /** So that one reason is one note. */
  private static String withoutNumbers(RuntimeException e) {
    return String.valueOf(e.getMessage()).replaceAll("0x[0-9a-f]+(?:\\.\\.0x[0-9a-f]+)?", "...");
  }

  private void failed(Task task, MmCall call, String errno) {
    if (call instanceof MmCall.Harmless || call instanceof MmCall.Wait) {
      notes.add(Note.Kind.WITHOUT_EFFECT, call.name(), "changes no mapping");
    } else if (call instanceof MmCall.Exec) {
      notes.add(Note.Kind.WITHOUT_EFFECT, call.name(), "failed there: " + errno);
    } else {
      failedCalls.run(task.process(), call, errno);
    }
  }

  private void succeeded(TaskName name, MmCall call, long value) {
    Task task = task(name);
    TracedSpace process = task.process();
    switch (call) {
      case MmCall.Mmap mmap -> mmap(process, mmap, value);
      case MmCall.Munmap munmap -> {
        requirePages(munmap.va(), munmap.bytes());
        process.unmap(munmap.va(), TracedSpace.pages(munmap.bytes()));
      }
      case MmCall.Mprotect mprotect -> {
        if (mprotect.bytes() != 0) {
          requirePages(mprotect.va(), mprotect.bytes());
          long bytes = TracedSpace.pages(mprotect.bytes());
          process.protect(call.name(), mprotect.va(), bytes, mprotect.rights());
        }
      }
      case MmCall.Mremap mremap -> mremap(process, mremap, value);
      case MmCall.LazyFree lazyFree -> {
        if (lazyFree.bytes() != 0) {
          requirePages(lazyFree.va(), lazyFree.bytes());
          process.lazyFree(call.name(), lazyFree.va(), TracedSpace.pages(lazyFree.bytes()));
        }
      }
      case MmCall.DontNeed dontNeed -> {
        if (dontNeed.bytes() != 0) {
          requirePages(dontNeed.va(), dontNeed.bytes());
          process.dontNeed(call.name(), dontNeed.va(), TracedSpace.pages(dontNeed.bytes()));
        }
      }
      case MmCall.Mlock mlock -> {
        long first = mlock.va() & -TracedSpace.TRACED_PAGE;
        long bytes = TracedSpace.pages(mlock.bytes() + (mlock.va() - first));
        if (bytes != 0) {
          requirePages(first, bytes);
          lock(process, call.name(), first, bytes);
        }
      }
      case MmCall.Munlock munlock -> {
        long first = munlock.va() & -TracedSpace.TRACED_PAGE;
        long bytes = TracedSpace.pages(munlock.bytes() + (munlock.va() - first));
        if (bytes != 0) {
          requirePages(first, bytes);
          process.unlock(call.name(), first, bytes);
        }
      }
      case MmCall.Brk brk -> brk(process, brk.va(), value);
      case MmCall.Clone clone -> clone(name, clone, value);
      case MmCall.Exec exec -> exec(name);
      case MmCall.Wait wait ->
          notes.add(Note.Kind.WITHOUT_EFFECT, call.name(), "changes no mapping");
      case MmCall.Harmless harmless ->
          notes.add(Note.Kind.WITHOUT_EFFECT, call.name(), "changes no mapping");
      case MmCall.NotReplayable unknown ->
          notes.add(Note.Kind.NOT_REPLAYED, call.name(), unknown.reason());
    }
  }

  private void mmap(TracedSpace process, MmCall.Mmap call, long va) {
    requirePages(va, call.bytes());
    long bytes = TracedSpace.pages(call.bytes());
    Contents contents =
        new Contents(
            call.rights(),
            call.flags().shared(),
            call.file().map(file -> process.file(file, call.flags().fixed())),
            call.file().map(MmCall.TracedFile::offset).orElse(0L));
    if (!call.flags().fixed() && !process.traced().in(va, va + bytes - 1).isEmpty()) {
      notes.add(
          Note.Kind.ADAPTED, call.name(), "the trace does not show how its place became free");
    }
    process.map(call.name(), va, bytes, contents);
    if (call.flags().locked()) {
      lock(process, call.name(), va, bytes);
    } else if (call.flags().populate() || populate == Populate.ALL) {
      process.populate(call.name(), va, bytes, contents);
    }
  }

  private void lock(TracedSpace process, String name, long va, long bytes) {
    Optional<FaultStatus> inTheWay = process.lock(name, va, bytes);
    if (inTheWay.isPresent()) {
      String reason = "not all in memory: " + TracedSpace.words(inTheWay.get());
      notes.add(Note.Kind.REFUSED_HERE, name, reason);
    }
  }

  private void mremap(TracedSpace process, MmCall.Mremap call, long to) {
    requirePages(call.va(), call.newBytes());
    requirePages(to, call.newBytes());
    if (TracedSpace.pages(call.oldBytes()) == 0) {
      notes.add(Note.Kind.NOT_REPLAYED, call.name(), "an old size of 0 maps memory a second time");
      return;
    }
    requirePages(call.va(), call.oldBytes());
    process.move(call, to);
  }

  private void brk(TracedSpace process, long wanted, long end) {
    if (process.heapEnd().isEmpty()) {
      process.setHeapEnd(end);
      return;
    }
    long old = process.heapEnd().getAsLong();
    if (wanted != 0 && wanted != end && end == old) {
      failedCalls.brk(process, old, wanted);
      return;
    }
    long from = TracedSpace.pages(old);
    long to = TracedSpace.pages(end);
    if (Long.compareUnsigned(to, from) > 0) {
      Contents contents = Contents.anonymous(VmaRights.READ_WRITE);
      process.map("brk", from, to - from, contents);
      if (populate == Populate.ALL) {
        process.populate("brk", from, to - from, contents);
      }
    } else if (from != to) {
      process.unmap(to, from - to);
    }
    process.setHeapEnd(end);
  }

  private void clone(TaskName name, MmCall.Clone call, long number) {
    TaskName child = new TaskName(name.trace(), (int) number);
    if (number <= 0 || number > Integer.MAX_VALUE || tasks.containsKey(child)) {
      notes.add(Note.Kind.NOT_REPLAYED, call.name(), "the child's number is none, or in use");
      return;
    }
    TracedSpace parent = task(name).process();
    TracedSpace process = call.sharesMemory() ? parent.share() : parent.fork();
    tasks.put(child, new Task(process, started++));
  }

  /** Others that share its memory keep that. */
  private void exec(TaskName name) {
    Task task = task(name);
    task.process().leave();
    tasks.put(name, new Task(new TracedSpace(machine, notes), task.cpu()));
  }

  /** No call goes through with anything else, unless the trace is not of pages of 4 KiB. */
  private static void requirePages(long va, long bytes) {
    long rounded = TracedSpace.pages(bytes);
    if ((va & TracedSpace.TRACED_PAGE - 1) != 0
        || rounded <= 0
        || Long.compareUnsigned(va + rounded - 1, va) < 0) {
      throw new InvalidRequestException(
          "0x%x: not the start of a page of 4 KiB, or its size is not one".formatted(va));
    }
  }

  // What came of it.

  /** What it took so far. */
  public ScenarioCounts counts() {
    return machine.keeper().counts();
  }

  /** What was not replayed as it is written. */
  public List<Note> notes() {
    return notes.all();
  }

  public MmuVariant variant() {
    return machine.system().variant();
  }

  /** Processes and threads that there were. */
  public int tasksStarted() {
    return started;
  }

  /** For tests: the machine. */
  ReplayMachine machine() {
    return machine;
  }

  @Override
  public void close() {
    machine.close();
  }
}

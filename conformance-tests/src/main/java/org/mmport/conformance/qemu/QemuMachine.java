package org.mmport.conformance.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.mmport.machine.PhysicalMemory;

/**
 * A QEMU whose RAM is a file that we have mapped too. It starts stopped, its CPU at reset and its
 * RAM empty. Whatever happens, the process ends: with this object, with the JVM, and by itself
 * where the JVM is killed while the guest runs.
 */
final class QemuMachine implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(30);

  /** Where a file is never written to a disk; some containers have next to none of it. */
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");

  private static final long SHARED_MEMORY_BYTES = 2L << 30;
  private static final Pattern GPA = Pattern.compile("gpa: 0x([0-9a-f]+)");
  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
  }

  private final Process process;
  private final PhysicalMemory memory;
  private final GdbRemote gdb;
  private final TargetRegisters registers;

  private QemuMachine(Process process, PhysicalMemory memory, GdbRemote gdb, QemuSpec spec) {
    this.process = process;
    this.memory = memory;
    this.gdb = gdb;
    this.registers = new TargetRegisters(gdb, spec.byteOrder());
  }

  /**
   * Starts QEMU and waits until it can be asked.
   *
   * @throws QemuException when it is not installed, ends at once, or takes too long
   */
  static QemuMachine start(QemuSpec spec) {
    Path binary =
        spec.find().orElseThrow(() -> new QemuException(spec.binary() + " not found in PATH"));
    Path directory = temporary();
    Process process = null;
    PhysicalMemory memory = null;
    try {
      Path ram = Files.createFile(directory.resolve("ram"));
      memory = PhysicalMemory.ofFile(ram, spec.ramBase(), spec.ramBytes());
      process = launch(binary, spec, directory);
      GdbRemote gdb = connect(directory, process);
      return new QemuMachine(process, memory, gdb, spec);
    } catch (IOException | RuntimeException e) {
      if (process != null) {
        kill(process);
      }
      if (memory != null) {
        memory.close();
      }
      throw e instanceof QemuException known
          ? known
          : new QemuException(spec.binary() + " cannot be started: " + e.getMessage(), e);
    } finally {
      // Both have the file mapped by now; so nothing stays behind, however this JVM ends.
      delete(directory);
    }
  }

  private static Process launch(Path binary, QemuSpec spec, Path directory) throws IOException {
    String size = (spec.ramBytes() >> 20) + "M";
    List<String> command =
        new ArrayList<>(
            List.of(
                binary.toString(),
                "-machine",
                spec.machine() + ",memory-backend=ram",
                "-object",
                "memory-backend-file,id=ram,size=" + size + ",mem-path=ram,share=on",
                "-m",
                size,
                "-cpu",
                spec.cpu(),
                "-accel",
                "tcg",
                "-display",
                "none",
                "-nodefaults",
                "-no-user-config",
                "-no-reboot",
                "-S",
                "-gdb",
                "unix:gdb,server=on,wait=off"));
    command.addAll(spec.options());
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(directory.resolve("ram").toFile()))
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    RUNNING.add(process);
    return process;
  }

  private static GdbRemote connect(Path directory, Process process) throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("gdb"));
    long deadline = System.nanoTime() + START.toNanos();
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(address);
        return new GdbRemote(channel);
      } catch (IOException e) {
        channel.close();
        if (!process.isAlive()) {
          throw new QemuException("QEMU ended at once: " + lastLine(directory), e);
        }
        if (System.nanoTime() > deadline) {
          throw new QemuException(
              "QEMU cannot be reached after %d s: %s"
                  .formatted(START.toSeconds(), lastLine(directory)),
              e);
        }
        LockSupport.parkNanos(5_000_000);
      }
    }
  }

  private static String lastLine(Path directory) throws IOException {
    List<String> lines = Files.readAllLines(directory.resolve("log"));
    return lines.isEmpty() ? "it said nothing" : lines.getLast();
  }

  /** RAM. */
  PhysicalMemory memory() {
    return memory;
  }

  /** What a command of QEMU's monitor prints. */
  String monitor(String command) {
    return gdb.monitor(command);
  }

  /** What the monitor says that an address translates to, for the CPU as it stands. */
  OptionalLong translate(long va) {
    return GPA.matcher(monitor("gva2gpa 0x%x".formatted(va)))
        .results()
        .mapToLong(match -> Long.parseUnsignedLong(match.group(1), 16))
        .findFirst();
  }

  /** Puts a guest's machine code, a resource beside this class, into RAM. */
  void load(String name, long physAddr) {
    try (InputStream stream = QemuMachine.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new IllegalStateException("no " + name + " beside this class");
      }
      byte[] code = stream.readAllBytes();
      MemorySegment.copy(
          MemorySegment.ofArray(code), 0, memory.slice(physAddr, code.length), 0, code.length);
    } catch (IOException e) {
      throw new IllegalStateException(name + " cannot be read", e);
    }
  }

  /** Such as 7.2.22. */
  String version() {
    String printed = monitor("info version").strip();
    return printed.split("[^0-9.]", 2)[0];
  }

  void setRegister(String name, long value) {
    registers.set(name, value);
  }

  long register(String name) {
    return registers.get(name);
  }

  /** Lets the CPU run; only {@link #stop} may be asked then. */
  void run() {
    gdb.resume();
  }

  void stop() {
    gdb.interrupt();
  }

  /** Whether the process is still there. */
  boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public void close() {
    kill(process);
    try {
      gdb.close();
    } catch (IOException e) {
      throw new QemuException("QEMU's socket cannot be closed: " + e.getMessage(), e);
    } finally {
      memory.close();
    }
  }

  private static void kill(Process process) {
    process.destroyForcibly();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        throw new QemuException("QEMU, process " + process.pid() + ", cannot be killed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    RUNNING.remove(process);
  }

  private static Path temporary() {
    try {
      return isRoomy(SHARED_MEMORY)
          ? Files.createTempDirectory(SHARED_MEMORY, "mmport-hw")
          : Files.createTempDirectory("mmport-hw");
    } catch (IOException e) {
      throw new QemuException("no temporary directory for QEMU: " + e.getMessage(), e);
    }
  }

  private static boolean isRoomy(Path directory) throws IOException {
    return Files.isWritable(directory)
        && Files.getFileStore(directory).getUsableSpace() >= SHARED_MEMORY_BYTES;
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new QemuException(directory + ": cannot be deleted: " + e.getMessage(), e);
    }
  }
}

package org.mmport.replay;

import java.util.Optional;
import org.mmport.mm.VmaRights;

/** A system call as far as it is about mappings or processes. Addresses and sizes are in bytes. */
public sealed interface MmCall {
  /** What the call is called, for reports. */
  String name();

  /** Where a file's pages come from: {@code path} is empty where the trace only has a number. */
  record TracedFile(String fd, Optional<String> path, long offset) {}

  /** How mmap is to place and fill a mapping. */
  record MapFlags(
      boolean shared, boolean fixed, boolean noReplace, boolean populate, boolean locked) {}

  /** A new mapping, of no file where it is anonymous. */
  record Mmap(long va, long bytes, VmaRights rights, MapFlags flags, Optional<TracedFile> file)
      implements MmCall {
    @Override
    public String name() {
      return "mmap";
    }
  }

  record Munmap(long va, long bytes) implements MmCall {
    @Override
    public String name() {
      return "munmap";
    }
  }

  record Mprotect(long va, long bytes, VmaRights rights) implements MmCall {
    @Override
    public String name() {
      return "mprotect";
    }
  }

  /** A mapping of another size, at another place where {@code mayMove}. */
  record Mremap(long va, long oldBytes, long newBytes, boolean mayMove) implements MmCall {
    @Override
    public String name() {
      return "mremap";
    }
  }

  /** MADV_DONTNEED. */
  record DontNeed(long va, long bytes) implements MmCall {
    @Override
    public String name() {
      return "madvise";
    }
  }

  /** MADV_FREE. */
  record LazyFree(long va, long bytes) implements MmCall {
    @Override
    public String name() {
      return "madvise";
    }
  }

  record Mlock(long va, long bytes) implements MmCall {
    @Override
    public String name() {
      return "mlock";
    }
  }

  record Munlock(long va, long bytes) implements MmCall {
    @Override
    public String name() {
      return "munlock";
    }
  }

  /** The end of the heap; 0 only asks. */
  record Brk(long va) implements MmCall {
    @Override
    public String name() {
      return "brk";
    }
  }

  /** Another task; a thread, or a child that borrows its parent's memory, where it is shared. */
  record Clone(String name, boolean sharesMemory) implements MmCall {}

  record Exec(String name) implements MmCall {}

  /** Its caller has seen a child's end. */
  record Wait(String name) implements MmCall {}

  /** It changes no mapping and no process. */
  record Harmless(String name) implements MmCall {}

  /** It changes something, and there is no way to do that here. */
  record NotReplayable(String name, String reason) implements MmCall {}
}

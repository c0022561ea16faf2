package org.mmport.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import org.mmport.spi.InvalidRequestException;

/**
 * Physical memory: bytes at physical addresses, in one or more extents with holes between.
 * Simulated memory is one extent; a dump has as many as its file says. Untouched simulated memory
 * costs nothing, so 64 GiB are a matter of the tables in it.
 *
 * <p>Bytes only: what an entry's width and byte order are is the business of those who read
 * entries.
 */
public final class PhysicalMemory implements AutoCloseable {
  /**
   * Consecutive bytes.
   *
   * @param base physical address of the first
   * @param bytes the bytes; their number is the segment's size
   */
  public record Extent(long base, MemorySegment bytes) {
    public Extent {
      if (base < 0 || bytes.byteSize() == 0 || base + bytes.byteSize() < 0) {
        throw new InvalidRequestException(
            "memory extent 0x%x+0x%x: must have bytes and end below 2^63"
                .formatted(base, bytes.byteSize()));
      }
    }

    /** Whether all of the range lies in this extent. */
    public boolean contains(long physAddr, long lengthBytes) {
      long offset = physAddr - base;
      return offset >= 0 && lengthBytes >= 0 && offset <= bytes.byteSize() - lengthBytes;
    }
  }

  private final List<Extent> extents;
  private final Arena arena;
  private final Steps steps;
  private final Set<ByAddress> byAddress =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private PhysicalMemory(List<Extent> extents, Arena arena, Steps steps) {
    this.extents = extents;
    this.arena = arena;
    this.steps = steps;
  }

  /** Zeroed memory from physical address 0. */
  public static PhysicalMemory ofSize(long sizeBytes) {
    return ofSize(sizeBytes, Steps.NONE);
  }

  /** The same of a machine of which somebody is told what its threads do. */
  public static PhysicalMemory ofSize(long sizeBytes, Steps steps) {
    requireSize(sizeBytes);
    Arena arena = Arena.ofShared();
    try {
      return new PhysicalMemory(
          List.of(new Extent(0, SparseSegment.map(sizeBytes, arena))), arena, StepsRelay.to(steps));
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /**
   * A file as memory from a physical address, shared with whoever else maps it; it grows to the
   * size if shorter.
   */
  public static PhysicalMemory ofFile(Path file, long base, long sizeBytes) {
    requireSize(sizeBytes);
    Arena arena = Arena.ofShared();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_WRITE, 0, sizeBytes, arena);
      return new PhysicalMemory(List.of(new Extent(base, bytes)), arena, Steps.NONE);
    } catch (IOException e) {
      arena.close();
      throw new UncheckedIOException(file + ": cannot be mapped as memory: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Memory made of given extents, in any order, and closed with the arena that they belong to.
   *
   * @throws InvalidRequestException when there are none or two overlap
   */
  public static PhysicalMemory ofExtents(List<Extent> extents, Arena arena) {
    if (extents.isEmpty()) {
      throw new InvalidRequestException("physical memory without extents: name at least one");
    }
    List<Extent> sorted = new ArrayList<>(extents);
    sorted.sort(Comparator.comparingLong(Extent::base));
    for (int i = 1; i < sorted.size(); i++) {
      Extent before = sorted.get(i - 1);
      if (before.base() + before.bytes().byteSize() > sorted.get(i).base()) {
        throw new InvalidRequestException(
            "memory extents at 0x%x and 0x%x overlap: each physical address is given once"
                .formatted(before.base(), sorted.get(i).base()));
      }
    }
    return new PhysicalMemory(List.copyOf(sorted), arena, Steps.NONE);
  }

  /** Who is told what threads of this machine do. */
  public Steps steps() {
    return steps;
  }

  /** The extents in ascending order. */
  public List<Extent> extents() {
    return extents;
  }

  /** The largest extent: where most accesses go. */
  public Extent mainExtent() {
    return extents.stream().max(Comparator.comparingLong(e -> e.bytes().byteSize())).orElseThrow();
  }

  /** The extent that holds all of the range; empty where any of it lies outside. */
  public Optional<Extent> extentOf(long physAddr, long lengthBytes) {
    int low = 0;
    int high = extents.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (extents.get(middle).base() <= physAddr) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    Extent candidate = extents.get(low);
    return candidate.contains(physAddr, lengthBytes) ? Optional.of(candidate) : Optional.empty();
  }

  /** Whether all of the range is memory, be it in one extent or in several without a gap. */
  public boolean contains(long physAddr, long lengthBytes) {
    long at = physAddr;
    long left = lengthBytes;
    while (true) {
      Optional<Extent> extent = extentOf(at, 1);
      if (extent.isEmpty()) {
        return false;
      }
      long here = extent.get().base() + extent.get().bytes().byteSize() - at;
      if (here >= left) {
        return true;
      }
      at += here;
      left -= here;
    }
  }

  /**
   * The bytes of a range.
   *
   * @throws InvalidRequestException when any of it lies outside memory
   */
  public MemorySegment slice(long physAddr, long lengthBytes) {
    Extent extent =
        extentOf(physAddr, lengthBytes)
            .orElseThrow(
                () ->
                    new InvalidRequestException(
                        "physical address 0x%x+0x%x: outside memory, which is %s"
                            .formatted(physAddr, lengthBytes, describe())));
    return extent.bytes().asSlice(physAddr - extent.base(), lengthBytes);
  }

  /** Bytes of all extents together. */
  public long sizeBytes() {
    return extents.stream().mapToLong(e -> e.bytes().byteSize()).sum();
  }

  /** The extents as {@code 0x0..0x9ffffff}, for messages; the first few where there are many. */
  public String describe() {
    StringBuilder text = new StringBuilder();
    for (Extent extent : extents.subList(0, Math.min(4, extents.size()))) {
      text.append(text.isEmpty() ? "" : ", ");
      text.append(
          "0x%x..0x%x".formatted(extent.base(), extent.base() + extent.bytes().byteSize() - 1));
    }
    return extents.size() > 4 ? text + " and " + (extents.size() - 4) + " more" : text.toString();
  }

  /**
   * Whoever reaches memory by the addresses of the machine we run on, past any segment's checks.
   */
  public interface ByAddress {
    /** Memory is about to be given back: the addresses must not be used any more. */
    void memoryCloses();
  }

  /** Has it told before the memory is given back. It is not kept alive for that. */
  public void tellBeforeClose(ByAddress reader) {
    byAddress.add(reader);
  }

  /**
   * Gives the memory back. Any access afterwards throws {@link IllegalStateException}; no thread
   * may be in the middle of one, or of a loop of them.
   */
  @Override
  public void close() {
    synchronized (byAddress) {
      byAddress.forEach(ByAddress::memoryCloses);
    }
    arena.close();
    if (steps instanceof StepsRelay relay) {
      relay.giveBack();
    }
  }

  /** Zeroed memory beside this one, untouched at no cost, given back when this one is closed. */
  MemorySegment mapBeside(long sizeBytes) {
    return SparseSegment.map(sizeBytes, arena);
  }

  private static void requireSize(long sizeBytes) {
    if (sizeBytes <= 0) {
      throw new InvalidRequestException("memory of " + sizeBytes + " bytes: must be at least 1");
    }
  }
}

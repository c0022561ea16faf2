package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.mmport.spi.InvalidRequestException;

/**
 * The VMAs of an address space by address ({@code mm_mt} in Linux). They never overlap, and no two
 * neighbours are left that could be one. Ranges are of whole pages and unsigned; their last address
 * is in them. Refused requests leave everything as it was.
 *
 * <p>Any number of threads may read while none writes, as under the mmap lock.
 */
public final class VmaTree {
  private final long offsetMask;
  private final VmaListener listener;
  private final TreeMap<Long, Vma> byFirstVa = new TreeMap<>(Long::compareUnsigned);

  /** None yet, of pages of 2^pageShift bytes. */
  public VmaTree(int pageShift) {
    this(pageShift, VmaListener.NONE);
  }

  VmaTree(int pageShift, VmaListener listener) {
    this.offsetMask = (1L << pageShift) - 1;
    this.listener = listener;
  }

  /** The VMA that an address is in. */
  public Optional<Vma> find(long va) {
    Map.Entry<Long, Vma> below = byFirstVa.floorEntry(va);
    return below != null && below.getValue().contains(va)
        ? Optional.of(below.getValue())
        : Optional.empty();
  }

  /** The VMAs that are at least partly in a range, whole, in ascending order. */
  public List<Vma> in(long firstVa, long lastVa) {
    requirePages(firstVa, lastVa);
    Long start = byFirstVa.floorKey(firstVa);
    List<Vma> found = new ArrayList<>();
    for (Vma vma : byFirstVa.subMap(start == null ? firstVa : start, true, lastVa, true).values()) {
      if (Long.compareUnsigned(vma.lastVa(), firstVa) >= 0) {
        found.add(vma);
      }
    }
    return found;
  }

  /** The first of those, where there are any. */
  Optional<Vma> firstIn(long firstVa, long lastVa) {
    Map.Entry<Long, Vma> below = byFirstVa.floorEntry(firstVa);
    Map.Entry<Long, Vma> first =
        below != null && below.getValue().contains(firstVa)
            ? below
            : byFirstVa.ceilingEntry(firstVa);
    return first != null && Long.compareUnsigned(first.getKey(), lastVa) <= 0
        ? Optional.of(first.getValue())
        : Optional.empty();
  }

  /** The last of those, where there are any. */
  Optional<Vma> lastIn(long firstVa, long lastVa) {
    Map.Entry<Long, Vma> last = byFirstVa.floorEntry(lastVa);
    return last != null && Long.compareUnsigned(last.getValue().lastVa(), firstVa) >= 0
        ? Optional.of(last.getValue())
        : Optional.empty();
  }

  /** Whether any of those is as asked for. */
  boolean anyIn(long firstVa, long lastVa, Predicate<Vma> asked) {
    Map.Entry<Long, Vma> at = byFirstVa.floorEntry(lastVa);
    while (at != null && Long.compareUnsigned(at.getValue().lastVa(), firstVa) >= 0) {
      if (asked.test(at.getValue())) {
        return true;
      }
      at = byFirstVa.lowerEntry(at.getKey());
    }
    return false;
  }

  /**
   * Adds a VMA, as one with its neighbours where they join.
   *
   * @throws InvalidRequestException when it overlaps another
   */
  public void insert(Vma vma) {
    List<Vma> there = in(vma.firstVa(), vma.lastVa());
    if (!there.isEmpty()) {
      throw new InvalidRequestException(
          "VMA 0x%x..0x%x: overlaps that at 0x%x..0x%x; remove it first"
              .formatted(
                  vma.firstVa(),
                  vma.lastVa(),
                  there.getFirst().firstVa(),
                  there.getFirst().lastVa()));
    }
    putMerged(vma);
  }

  /**
   * Removes whatever is in a range, and splits the VMAs that reach out of it.
   *
   * @return what was there, clipped to the range, in ascending order
   */
  public List<Vma> remove(long firstVa, long lastVa) {
    List<Vma> removed = new ArrayList<>();
    for (Vma vma : in(firstVa, lastVa)) {
      take(vma);
      if (Long.compareUnsigned(vma.firstVa(), firstVa) < 0) {
        put(vma.part(vma.firstVa(), firstVa - 1));
      }
      if (Long.compareUnsigned(vma.lastVa(), lastVa) > 0) {
        put(vma.part(lastVa + 1, vma.lastVa()));
      }
      removed.add(vma.clip(firstVa, lastVa));
    }
    return removed;
  }

  /**
   * Changes all VMAs in a range, as mprotect and mlock do: splits those that reach out of it, and
   * merges what joins after.
   *
   * @param change from a VMA clipped to the range to another of the same addresses; when it throws,
   *     nothing is changed
   * @throws InvalidRequestException when part of the range is in no VMA
   */
  public void replace(long firstVa, long lastVa, UnaryOperator<Vma> change) {
    List<Vma> changed = new ArrayList<>();
    long expected = firstVa;
    boolean toTheEnd = false;
    for (Vma vma : in(firstVa, lastVa)) {
      Vma part = vma.clip(firstVa, lastVa);
      if (part.firstVa() != expected) {
        throw hole(expected, firstVa, lastVa);
      }
      Vma other = change.apply(part);
      if (other.firstVa() != part.firstVa() || other.lastVa() != part.lastVa()) {
        throw new InvalidRequestException(
            "change of VMA 0x%x..0x%x to 0x%x..0x%x: must keep its addresses"
                .formatted(part.firstVa(), part.lastVa(), other.firstVa(), other.lastVa()));
      }
      changed.add(other);
      expected = part.lastVa() + 1;
      toTheEnd = part.lastVa() == lastVa;
    }
    if (!toTheEnd) {
      throw hole(expected, firstVa, lastVa);
    }
    remove(firstVa, lastVa);
    changed.forEach(this::putMerged);
  }

  /**
   * The highest aligned start of a free range within a range, as mmap finds one top-down. Takes
   * time in the number of VMAs above it.
   *
   * @param sizeBytes whole pages
   * @param alignBytes a power of two, a page at least
   */
  public OptionalLong findGap(long firstVa, long lastVa, long sizeBytes, long alignBytes) {
    requirePages(firstVa, lastVa);
    if (sizeBytes <= 0 || (sizeBytes & offsetMask) != 0) {
      throw new InvalidRequestException(
          "gap of 0x%x bytes: must be whole pages, one at least".formatted(sizeBytes));
    }
    if (Long.bitCount(alignBytes) != 1 || (alignBytes & offsetMask) != 0) {
      throw new InvalidRequestException(
          "alignment to 0x%x bytes: must be a power of two, a page at least".formatted(alignBytes));
    }
    long freeLast = lastVa;
    for (Vma vma : byFirstVa.headMap(lastVa, true).descendingMap().values()) {
      if (Long.compareUnsigned(vma.lastVa(), firstVa) < 0) {
        break;
      }
      if (Long.compareUnsigned(vma.lastVa(), freeLast) < 0) {
        OptionalLong start = highest(vma.lastVa() + 1, freeLast, sizeBytes, alignBytes);
        if (start.isPresent()) {
          return start;
        }
      }
      if (Long.compareUnsigned(vma.firstVa(), firstVa) <= 0) {
        return OptionalLong.empty();
      }
      freeLast = vma.firstVa() - 1;
    }
    return highest(firstVa, freeLast, sizeBytes, alignBytes);
  }

  /** All VMAs, in ascending order. */
  public List<Vma> all() {
    return List.copyOf(byFirstVa.values());
  }

  /** How many VMAs there are. */
  public int size() {
    return byFirstVa.size();
  }

  /** Pages of locked VMAs: {@code mm->locked_vm}. */
  public long lockedPages() {
    int pageShift = Long.bitCount(offsetMask);
    long pages = 0;
    for (Vma vma : byFirstVa.values()) {
      pages += vma.locked() ? vma.pages(pageShift) : 0;
    }
    return pages;
  }

  private static OptionalLong highest(long first, long last, long sizeBytes, long alignBytes) {
    if (Long.compareUnsigned(last - first, sizeBytes - 1) < 0) {
      return OptionalLong.empty();
    }
    long start = (last - (sizeBytes - 1)) & -alignBytes;
    return Long.compareUnsigned(start, first) < 0 ? OptionalLong.empty() : OptionalLong.of(start);
  }

  private void putMerged(Vma vma) {
    Map.Entry<Long, Vma> below = byFirstVa.lowerEntry(vma.firstVa());
    Vma merged = vma;
    if (below != null && below.getValue().joins(vma)) {
      take(below.getValue());
      merged = join(below.getValue(), vma);
    }
    Map.Entry<Long, Vma> above = byFirstVa.higherEntry(vma.firstVa());
    if (above != null && merged.joins(above.getValue())) {
      take(above.getValue());
      merged = join(merged, above.getValue());
    }
    put(merged);
  }

  private static Vma join(Vma left, Vma right) {
    return new Vma(
        left.firstVa(),
        right.lastVa(),
        left.rights(),
        left.shared(),
        left.locked(),
        left.backing(),
        left.advice());
  }

  private void put(Vma vma) {
    byFirstVa.put(vma.firstVa(), vma);
    listener.added(vma);
  }

  private void take(Vma vma) {
    byFirstVa.remove(vma.firstVa());
    listener.removed(vma);
  }

  private void requirePages(long firstVa, long lastVa) {
    if (Long.compareUnsigned(firstVa, lastVa) > 0
        || (firstVa & offsetMask) != 0
        || (lastVa & offsetMask) != offsetMask) {
      throw new InvalidRequestException(
          "0x%x..0x%x: must be whole pages of %d bytes, one at least"
              .formatted(firstVa, lastVa, offsetMask + 1));
    }
  }

  private static InvalidRequestException hole(long va, long firstVa, long lastVa) {
    return new InvalidRequestException(
        "0x%x..0x%x: nothing is mapped at 0x%x".formatted(firstVa, lastVa, va));
  }
}

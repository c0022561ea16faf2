package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import org.mmport.machine.OutOfFramesException;
import org.mmport.spi.InvalidRequestException;

/**
 * Has all that is in the swap area come back into memory, and the area go: {@code swapoff()} and
 * {@code try_to_unuse()} of mm/swapfile.c. Any thread may call it.
 *
 * <p>A page is read before any entry that stands for it changes, and entries change one by one,
 * each for all who use its table. So what is done so far is right at any time; where memory runs
 * out, the area goes on with what it has left.
 */
public final class SwapOff {
  private final MmSystem system;
  private final SwapCache swapCache;
  private final SwapEntries entries;

  /** Of a machine's swap area. */
  public SwapOff(MmSystem system) {
    this.system = system;
    this.swapCache = system.swapCache();
    this.entries = system.swapEntries();
  }

  /**
   * Empties the area, which is the machine's no more then. Another may be added after.
   *
   * @throws InvalidRequestException where there is none
   * @throws OutOfFramesException when there is no memory for what is in it; what came back stays,
   *     and the area is in use as before
   */
  public void run() {
    system.locked(
        () -> {
          if (swapCache.area().isEmpty()) {
            throw new InvalidRequestException("swapoff: there is no swap area; add one");
          }
          SwapArea area = swapCache.requireArea();
          swapCache.takeNoPages();
          try {
            system.eachSpace(this::unuse);
            system.files().eachNameless(this::unuse);
            swapCache.dropAll();
          } catch (OutOfFramesException e) {
            throw new OutOfFramesException(
                "swapoff: no memory for %d pages that are in swap yet; unmap something"
                    .formatted(area.usedSlots()));
          } finally {
            swapCache.takePages();
          }
          swapCache.remove();
          return area;
        });
  }

  /** {@code unuse_mm()}. */
  private void unuse(AddressSpace mm) {
    SwapIn swapIn = new SwapIn(mm, new AnonPages(system));
    for (Vma vma : mm.mappings().all()) {
      for (Swapped swapped : swapped(mm, vma)) {
        // Before anything of the table is looked at: to make room may have others copy theirs.
        long pfn = system.withRoom(() -> swapIn.find(vma, swapped.va(), swapped.slot()));
        unuse(mm, vma, swapped.va(), pfn, swapIn);
      }
    }
  }

  /** {@code shmem_unuse()}: into the cache; who maps a page finds it there. */
  private void unuse(FilePages file) {
    for (long page : file.swappedPages()) {
      long pfn = system.withRoom(() -> file.get(page, 0)).orElseThrow();
      system.lru().add(pfn);
      system.folios().unref(pfn, 1);
    }
  }

  /** An entry that stands for a page. */
  private record Swapped(long va, int slot) {}

  private List<Swapped> swapped(AddressSpace mm, Vma vma) {
    List<Swapped> swapped = new ArrayList<>();
    try (PageGather gather = mm.gather()) {
      mm.pageTable()
          .pteViews(
              vma.firstVa(),
              vma.lastVa() - vma.firstVa() + 1,
              gather.gather(),
              (table, first, count, va) -> {
                for (int i = 0; i < count; i++) {
                  long raw = table.get(first + i);
                  if (entries.isSwap(raw)) {
                    swapped.add(new Swapped(va + i * mm.pageBytes(), entries.slot(raw)));
                  }
                }
              });
    }
    return swapped;
  }

  /** {@code unuse_pte()}: old, for nobody used it. */
  private void unuse(AddressSpace mm, Vma vma, long va, long pfn, SwapIn swapIn) {
    TableUsers users = TableUsers.of(mm, va);
    try (PageGather gather = users.gather()) {
      swapIn.map(vma, users.table(gather).orElseThrow(), users, va, pfn, swapIn.leaf(vma, pfn));
      gather.flush();
    }
    swapCache.dropIfNoEntry(pfn);
  }
}

package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Pages of a process that a device uses, say: {@code pin_user_pages()} of mm/gup.c. Which tables
 * they were pinned through is noted, so that a fork need not look at every page for them.
 */
final class Pins {
  private final AddressSpace mm;
  private final Folios folios;
  private final PteFormat format;

  /**
   * Whether there ever was one: most processes have none, and none of their tables is looked at.
   */
  private boolean any;

  Pins(AddressSpace mm) {
    this.mm = mm;
    this.folios = mm.system().folios();
    this.format = mm.system().variant().format();
  }

  /**
   * Has a page in memory, the process's own where it may be written, and pins it ({@code FOLL_PIN |
   * FOLL_WRITE}). Returns its frame.
   */
  long pin(long va) {
    Vma vma =
        mm.mappings()
            .find(va)
            .filter(found -> found.rights().write())
            .orElseThrow(
                () ->
                    new InvalidRequestException(
                        "pin 0x%x: no mapping there that may be written".formatted(va)));
    // An entry of a shared table may permit writes that an entry above it forbids.
    mm.sharedRanges().own(va, mm.pageBytes());
    Optional<FaultStatus> inTheWay = new Mlock(mm).bringIn(vma, va, Access.USER_WRITE);
    if (inTheWay.equals(Optional.of(FaultStatus.OUT_OF_MEMORY))) {
      throw new OutOfFramesException("pin 0x%x: no memory for the page; unmap some".formatted(va));
    }
    if (inTheWay.isPresent()) {
      throw new InvalidRequestException("pin 0x%x: %s".formatted(va, inTheWay.get()));
    }
    try (PageGather gather = mm.gather()) {
      Optional<HugeEntry> leaf = mm.hugeLeaves().at(va, gather.gather());
      if (leaf.isPresent()) {
        // Noted with its table when it is split: until then there is none that could be shared.
        any = true;
        folios.pin(mm.hugeLeaves().pfn(leaf.get(), va), 1);
        return mm.hugeLeaves().pfn(leaf.get(), va);
      }
      PteTable table = mm.pageTable().pteTableAlloc(va, gather.gather());
      long pfn = mm.system().pfn(table.get(table.index(va)));
      folios.pin(pfn, 1);
      any = true;
      table.setNote(new TableNote(table.note()).withPins().bits());
      gather.flush();
      return pfn;
    }
  }

  /**
   * Whether any page of a range may be pinned that only this process has. Tables through which none
   * was are not looked at.
   */
  boolean in(long va, long sizeBytes) {
    if (!any) {
      return false;
    }
    List<Long> marked = new ArrayList<>();
    try (PageGather gather = mm.gather()) {
      mm.pageTable()
          .pteViews(
              va,
              sizeBytes,
              gather.gather(),
              (table, first, count, at) -> {
                if (new TableNote(table.note()).mayPin()) {
                  marked.add(at);
                }
              });
      return marked.stream().anyMatch(at -> inTable(at, gather));
    }
  }

  /** Also forgets pins that were given back. */
  private boolean inTable(long va, PageGather gather) {
    PteTable table = mm.pageTable().pteTable(va, gather.gather()).orElseThrow();
    for (int i = 0; i < table.entries(); i++) {
      long raw = table.get(i);
      if (format.present(raw, Level.PTE)
          && folios.is(mm.system().pfn(raw), PageFlag.ANON)
          && folios.maybePinned(mm.system().pfn(raw))) {
        return true;
      }
    }
    table.setNote(new TableNote(table.note()).withoutPins().bits());
    return false;
  }
}

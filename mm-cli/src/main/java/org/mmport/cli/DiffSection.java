package org.mmport.cli;

import org.mmport.spi.EntryKind;

/** What a comparison of two variants is about, in the order in which it is printed. */
enum DiffSection {
  GEOMETRY("geometry", "Geometry"),
  TABLE_ENTRIES("table-entries", "Table entries"),
  ROOT_ENTRIES("root-entries", "Root entries"),
  HUGE_ENTRIES("huge-entries", "Huge entries"),
  PAGE_ENTRIES("page-entries", "Page entries"),
  SWAP_ENTRIES("swap-entries", "Swap entries"),
  FEATURES("features", "Features"),
  DUTIES("tlb-duties", "TLB duties");

  private final String word;
  private final String title;

  DiffSection(String word, String title) {
    this.word = word;
    this.title = title;
  }

  static DiffSection of(EntryKind kind) {
    return switch (kind) {
      case TABLE -> TABLE_ENTRIES;
      case ROOT -> ROOT_ENTRIES;
      case HUGE -> HUGE_ENTRIES;
      case PAGE -> PAGE_ENTRIES;
      case SWAP -> SWAP_ENTRIES;
    };
  }

  /** For programs; part of the command's interface. */
  String word() {
    return word;
  }

  String title() {
    return title;
  }
}

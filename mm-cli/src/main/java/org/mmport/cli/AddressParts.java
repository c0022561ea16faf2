package org.mmport.cli;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

/** One piece of a virtual address: its bits, and what they are for. */
record AddressParts(String name, int high, int low) {
  /** From the top bit down; what no level indexes comes first. */
  static List<AddressParts> of(MmuVariant variant) {
    PagingGeometry geometry = variant.geometry();
    List<AddressParts> parts = new ArrayList<>();
    if (geometry.vaBits() < Long.SIZE) {
      parts.add(new AddressParts("region", Long.SIZE - 1, geometry.vaBits()));
    }
    for (Level level : Level.values()) {
      int bits = geometry.at(level).indexBits();
      if (bits > 0) {
        int shift = geometry.shift(level);
        parts.add(new AddressParts(level.name(), shift + bits - 1, shift));
      }
    }
    parts.add(new AddressParts("offset", geometry.pageShift() - 1, 0));
    return parts;
  }

  int bits() {
    return high - low + 1;
  }
}

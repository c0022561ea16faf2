package org.mmport.spi;

import java.util.List;

/** What registers say of a variant's roots. */
public sealed interface RootLookup {
  /** The physical address of each root, by the index that {@link VaRegion#root()} uses. */
  record Found(List<Long> rootPhysAddrs) implements RootLookup {
    public Found {
      rootPhysAddrs = List.copyOf(rootPhysAddrs);
    }
  }

  /**
   * Roots of a variant that the registers describe but for something that leaves its tables
   * readable, and {@code unlike} says what, in a few words: taken where no variant is {@link
   * Found}.
   */
  record Fallback(List<Long> rootPhysAddrs, String unlike) implements RootLookup {
    public Fallback {
      rootPhysAddrs = List.copyOf(rootPhysAddrs);
    }
  }

  /** These registers do not put a CPU into this variant, or do not say; why, in a few words. */
  record NotSelected(String why) implements RootLookup {}

  /** {@link NotSelected}. */
  static RootLookup no(String why) {
    return new NotSelected(why);
  }
}

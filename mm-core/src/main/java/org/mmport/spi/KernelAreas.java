package org.mmport.spi;

/**
 * Which addresses are the kernel's, and what for.
 *
 * @param all those at which no process maps anything
 * @param linearMap where all memory is mapped in order; as large as the memory that it can hold
 * @param vmalloc where single pages are mapped to be one piece
 */
public record KernelAreas(VaRegion all, VaRegion linearMap, VaRegion vmalloc) {
  public KernelAreas {
    requirePart(all, linearMap);
    requirePart(all, vmalloc);
    if (linearMap.contains(vmalloc.firstVa()) || vmalloc.contains(linearMap.firstVa())) {
      throw new InvalidRequestException(
          "kernel areas %s and %s overlap: give each address to one".formatted(linearMap, vmalloc));
    }
  }

  /** Areas by their first and last addresses, which the root of them all translates. */
  public static KernelAreas of(
      VaRegion all, long firstLinear, long lastLinear, long firstVmalloc, long lastVmalloc) {
    return new KernelAreas(
        all,
        new VaRegion("linear map", firstLinear, lastLinear, all.root()),
        new VaRegion("vmalloc", firstVmalloc, lastVmalloc, all.root()));
  }

  private static void requirePart(VaRegion all, VaRegion area) {
    if (!all.contains(area.firstVa())
        || !all.contains(area.lastVa())
        || all.root() != area.root()) {
      throw new InvalidRequestException(
          "kernel area %s: must lie in all that is the kernel's, %s".formatted(area, all));
    }
  }
}

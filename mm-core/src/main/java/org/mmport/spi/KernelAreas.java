package org.mmport.spi;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which addresses are the kernel's, and what for.
 *
 * @param all those at which no process maps anything
 * @param linearMap where all memory is mapped in order; as large as the memory that it can hold
 * @param vmalloc where single pages are mapped to be one piece
 */
public record KernelAreas(VaRegion all, VaRegion linearMap, VaRegion vmalloc) {
  private static final Pattern AREAS =
      Pattern.compile(
          "(?:kernel (X)-(X) )?linear (X)-(X) vmalloc (X)-(X)".replace("X", "[0-9a-f]{1,16}"));

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

  /**
   * The same from text, in hexadecimal: {@code linear c0000000-f7ffffff vmalloc f8800000-febfffff},
   * and before that {@code kernel c0000000-ffffffff} where only those of the region are the
   * kernel's.
   *
   * @throws InvalidRequestException for text that is not so made
   */
  public static KernelAreas of(VaRegion region, String text) {
    Matcher parts = AREAS.matcher(text);
    if (!parts.matches()) {
      throw new InvalidRequestException(
          "kernel areas '%s': write 'linear FIRST-LAST vmalloc FIRST-LAST', in hexadecimal"
              .formatted(text));
    }
    long[] ends = new long[6];
    for (int i = parts.group(1) == null ? 2 : 0; i < ends.length; i++) {
      ends[i] = Long.parseUnsignedLong(parts.group(i + 1), 16);
    }
    VaRegion all =
        parts.group(1) == null ? region : new VaRegion("kernel", ends[0], ends[1], region.root());
    return of(all, ends[2], ends[3], ends[4], ends[5]);
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

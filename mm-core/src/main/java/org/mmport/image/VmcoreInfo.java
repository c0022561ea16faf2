package org.mmport.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a kernel says about itself in the VMCOREINFO note ({@code kernel/vmcore_info.c}; {@code
 * Documentation/admin-guide/kdump/vmcoreinfo.rst}).
 *
 * @param numbers the entries that are numbers, under their own spelling such as {@code
 *     SYMBOL(swapper_pg_dir)} or {@code NUMBER(VA_BITS)}
 * @param linesIgnored lines that are not {@code key=number}, such as {@code OSRELEASE}
 */
public record VmcoreInfo(Map<String, Long> numbers, int linesIgnored) {
  static final String OWNER = "VMCOREINFO";

  /** The kernel keeps it in one page; some architectures' pages have 64 KiB. */
  private static final long BYTES_MAX = 1 << 20;

  private static final Pattern LINE = Pattern.compile("([A-Za-z_]+(?:\\([^()]*\\))?)=(\\S+)");

  public VmcoreInfo {
    numbers = Map.copyOf(numbers);
  }

  static VmcoreInfo parse(MemorySegment contents) {
    long lengthBytes = Math.min(contents.byteSize(), BYTES_MAX);
    byte[] text = contents.asSlice(0, lengthBytes).toArray(ValueLayout.JAVA_BYTE);
    Map<String, Long> numbers = new TreeMap<>();
    int ignored = 0;
    for (String line : new String(text, StandardCharsets.ISO_8859_1).split("[\\n\\x00]+", -1)) {
      Matcher matcher = LINE.matcher(line);
      OptionalLong value =
          matcher.matches() ? number(matcher.group(1), matcher.group(2)) : OptionalLong.empty();
      if (value.isPresent()) {
        numbers.put(matcher.group(1), value.getAsLong());
      } else if (!line.isBlank()) {
        ignored++;
      }
    }
    return new VmcoreInfo(numbers, ignored);
  }

  /**
   * Symbols and KERNELOFFSET are hexadecimal without a prefix, all else decimal unless it has one.
   */
  private static OptionalLong number(String key, String value) {
    boolean hexByKey = key.startsWith("SYMBOL(") || key.equals("KERNELOFFSET");
    try {
      if (value.startsWith("0x")) {
        return OptionalLong.of(Long.parseUnsignedLong(value.substring(2), 16));
      }
      if (hexByKey) {
        return OptionalLong.of(Long.parseUnsignedLong(value, 16));
      }
      return OptionalLong.of(
          value.startsWith("-") ? Long.parseLong(value) : Long.parseUnsignedLong(value));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}

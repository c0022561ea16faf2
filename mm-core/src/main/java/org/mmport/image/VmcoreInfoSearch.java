package org.mmport.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.mmport.machine.PhysicalMemory;

/**
 * Looks through memory for the text that a kernel would put into a VMCOREINFO note when it crashes.
 * It writes that text at boot ({@code crash_save_vmcoreinfo_init()}), so that a dump of a machine
 * that never crashed has it as well.
 */
final class VmcoreInfoSearch {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** {@code OSRE}, the start of every such text: it stands in a page or an aligned array. */
  private static final int START = 'O' | 'S' << 8 | 'R' << 16 | 'E' << 24;

  private static final byte[] FIRST_KEY = {'O', 'S', 'R', 'E', 'L', 'E', 'A', 'S', 'E', '='};
  private static final int ALIGN_BYTES = 4;

  /** {@code VMCOREINFO_BYTES} is a page, at most 64 KiB. */
  private static final long TEXT_BYTES_MAX = 1 << 16;

  private static final long REPORT_BYTES = 1 << 24;

  /** More than a few are copies that something made on purpose. */
  private static final int FOUND_MAX = 16;

  private VmcoreInfoSearch() {}

  /**
   * One pass over memory.
   *
   * @param progress told the bytes searched so far, now and then
   * @return what was found, by ascending address
   */
  static List<FoundVmcoreInfo> all(PhysicalMemory memory, LongConsumer progress) {
    List<FoundVmcoreInfo> found = new ArrayList<>();
    long searched = 0;
    for (PhysicalMemory.Extent extent : memory.extents()) {
      long end = extent.bytes().byteSize() - FIRST_KEY.length;
      long at = -extent.base() & (ALIGN_BYTES - 1);
      while (at <= end) {
        long stop = Math.min(end, at + REPORT_BYTES - ALIGN_BYTES);
        while (at <= stop) {
          long text =
              extent.bytes().get(INT, at) == START && found.size() < FOUND_MAX
                  ? textAt(extent, at, found)
                  : 0;
          // What was read as one text is not read again, or many starts in a row would take for
          // ever.
          at += Math.max(ALIGN_BYTES, text & -ALIGN_BYTES);
        }
        progress.accept(searched + at);
      }
      searched += extent.bytes().byteSize();
    }
    return found;
  }

  /**
   * The kernel's format strings start alike, but name no page size and no symbol.
   *
   * @return bytes of text there, 0 where it does not start like one
   */
  private static long textAt(PhysicalMemory.Extent extent, long at, List<FoundVmcoreInfo> found) {
    MemorySegment rest = extent.bytes().asSlice(at);
    for (int i = 0; i < FIRST_KEY.length; i++) {
      if (rest.get(ValueLayout.JAVA_BYTE, i) != FIRST_KEY[i]) {
        return 0;
      }
    }
    long length = 0;
    long most = Math.min(rest.byteSize(), TEXT_BYTES_MAX);
    while (length < most && isText(rest.get(ValueLayout.JAVA_BYTE, length))) {
      length++;
    }
    VmcoreInfo info = VmcoreInfo.parse(rest.asSlice(0, length));
    boolean symbols = info.numbers().keySet().stream().anyMatch(key -> key.startsWith("SYMBOL("));
    if (symbols && info.numbers().containsKey("PAGESIZE")) {
      found.add(new FoundVmcoreInfo(extent.base() + at, info));
    }
    return length;
  }

  private static boolean isText(byte of) {
    return of == '\n' || of >= ' ';
  }
}

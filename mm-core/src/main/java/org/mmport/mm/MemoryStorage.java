package org.mmport.mm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.TreeMap;

/** Storage in the memory that we run in: only pages that were written cost any. */
public final class MemoryStorage implements Storage {
  static final Storage NONE =
      new Storage() {
        @Override
        public void read(long page, MemorySegment to) {
          to.fill((byte) 0);
        }

        @Override
        public void write(long page, MemorySegment from) {
          throw new IllegalStateException("page " + page + " of a file without storage");
        }

        @Override
        public void truncate(long pages) {
          // Holds none.
        }

        @Override
        public boolean keepsPages() {
          return false;
        }
      };

  private final TreeMap<Long, byte[]> pages = new TreeMap<>();

  @Override
  public void read(long page, MemorySegment to) {
    byte[] bytes = pages.get(page);
    if (bytes == null) {
      to.fill((byte) 0);
    } else {
      MemorySegment.copy(bytes, 0, to, JAVA_BYTE, 0, bytes.length);
    }
  }

  @Override
  public void write(long page, MemorySegment from) {
    pages.put(page, from.toArray(JAVA_BYTE));
  }

  @Override
  public void truncate(long first) {
    pages.tailMap(first, true).clear();
  }
}

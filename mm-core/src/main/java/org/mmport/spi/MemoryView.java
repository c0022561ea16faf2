package org.mmport.spi;

import java.nio.ByteOrder;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/** Physical memory as a port may look at it to find roots that registers do not name. */
public interface MemoryView {
  /** No memory at all: all that is known is the registers. */
  MemoryView NONE =
      new MemoryView() {
        @Override
        public OptionalLong load(long physAddr, ByteOrder order) {
          return OptionalLong.empty();
        }

        @Override
        public LongStream aligned(long stepBytes) {
          return LongStream.empty();
        }
      };

  /** The 8 bytes at an address; empty where any of them is outside memory. */
  OptionalLong load(long physAddr, ByteOrder order);

  /** Every multiple of a step, in bytes, that lies in memory, ascending. */
  LongStream aligned(long stepBytes);
}

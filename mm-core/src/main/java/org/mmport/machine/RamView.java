package org.mmport.machine;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.mmport.spi.MemoryView;

/**
 * Memory as ports see it when they look for roots.
 *
 * @param memory what is looked at; never changed
 */
public record RamView(PhysicalMemory memory) implements MemoryView {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  @Override
  public OptionalLong load(long physAddr, ByteOrder order) {
    if (physAddr < 0) {
      return OptionalLong.empty();
    }
    return memory
        .extentOf(physAddr, Long.BYTES)
        .map(e -> OptionalLong.of(e.bytes().get(LONG.withOrder(order), physAddr - e.base())))
        .orElse(OptionalLong.empty());
  }

  @Override
  public LongStream aligned(long stepBytes) {
    return memory.extents().stream()
        .flatMapToLong(
            extent -> {
              long first = Math.ceilDiv(extent.base(), stepBytes);
              long last = (extent.base() + extent.bytes().byteSize() - 1) / stepBytes;
              return LongStream.rangeClosed(first, last).map(n -> n * stepBytes);
            });
  }
}

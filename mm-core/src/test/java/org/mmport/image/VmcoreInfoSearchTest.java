package org.mmport.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mmport.machine.PhysicalMemory;

class VmcoreInfoSearchTest {
  private static final String KERNEL =
      "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a10000\n\0";

  /** A kernel's format string, which starts alike. */
  private static final String FORMAT = "OSRELEASE=%s\nPAGESIZE=%ld\nSYMBOL(%s)=%lx\n\0";

  private static void put(PhysicalMemory memory, long at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    MemorySegment.copy(
        MemorySegment.ofArray(bytes), 0, memory.slice(at, bytes.length), 0, bytes.length);
  }

  private static List<Long> found(PhysicalMemory memory) {
    return VmcoreInfoSearch.all(memory, bytes -> {}).stream()
        .map(FoundVmcoreInfo::physAddr)
        .toList();
  }

  @Test
  void findsTextsThatNamePagesAndSymbols() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 20)) {
      put(memory, 0x1000, FORMAT);
      put(memory, 0x2000, "OSRELEASE=6.1.0\nPAGESIZE=4096\n\0");
      put(memory, 0x3004, KERNEL);
      put(memory, 0x5002, KERNEL);
      long last = ((1 << 20) - KERNEL.length()) & -4L;
      put(memory, last, KERNEL);
      assertEquals(List.of(0x3004L, last), found(memory), "aligned to 4, and at the end of memory");
      VmcoreInfo info = VmcoreInfoSearch.all(memory, bytes -> {}).getFirst().info();
      assertEquals(0xffffffff82a10000L, info.numbers().get("SYMBOL(swapper_pg_dir)"));
    }
  }

  /** The second starts where the first has ended. */
  @Test
  void textsMayFollowEachOther() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 16)) {
      String padded = KERNEL + "\0".repeat((4 - KERNEL.length() % 4) % 4);
      put(memory, 0, FORMAT + "\0".repeat((4 - FORMAT.length() % 4) % 4) + padded + padded);
      assertEquals(2, found(memory).size());
    }
  }

  @Test
  void copiesWithoutEndAreNotAllKept() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 20)) {
      for (int at = 0; at < 1 << 20; at += 4096) {
        put(memory, at, KERNEL);
      }
      assertEquals(16, found(memory).size());
    }
  }

  /** Starts in a row, without end: read once each, this would take hours. */
  @Test
  @Timeout(120)
  void memoryFullOfStartsIsSearchedOnce() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 26)) {
      String start = "OSRELEASE=aa";
      for (long at = 0; at + start.length() <= 1 << 26; at += start.length()) {
        put(memory, at, start);
      }
      assertEquals(List.of(), found(memory));
    }
  }

  @Test
  void tellsHowFarItIs() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(3 << 24)) {
      List<Long> told = new ArrayList<>();
      VmcoreInfoSearch.all(memory, told::add);
      assertTrue(told.size() >= 3, told.toString());
      assertEquals(told.stream().sorted().toList(), told);
      assertTrue(told.getLast() >= (3 << 24) - 16, told.toString());
    }
  }
}

package org.mmport.mm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.spi.InvalidRequestException;

class SwapAreaTest {
  private static final int PAGE_SHIFT = 10;
  private static final int SLOTS = 20;

  private final SwapArea swap = new SwapArea(PAGE_SHIFT, SLOTS);

  /** What the model knows of a slot: who uses it, one object for each, and its bytes. */
  private static final class Slot {
    final List<Object> users = new ArrayList<>(List.of(new Object()));
    byte[] bytes = {};
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void agreesWithTheModel(long seed) {
    TreeMap<Integer, Slot> model = new TreeMap<>();
    Random random = new Random(seed);
    int full = 0;
    for (int step = 0; step < 10_000; step++) {
      String where = "seed " + seed + " step " + step;
      int slot = 1 + random.nextInt(SLOTS);
      int users = 1 + random.nextInt(3);
      MemorySegment page = MemorySegment.ofArray(new byte[1 << PAGE_SHIFT]);
      Slot known = model.get(slot);
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          if (model.size() == SLOTS) {
            assertThrows(OutOfSwapException.class, swap::alloc, where);
            full++;
          } else {
            int taken = swap.alloc();
            assertTrue(taken >= 1 && taken <= SLOTS, where);
            assertEquals(null, model.put(taken, new Slot()), where);
          }
        }
        case 2 -> {
          if (known == null) {
            refused("is free", () -> swap.dup(slot, users));
          } else {
            swap.dup(slot, users);
            for (int user = 0; user < users; user++) {
              known.users.add(new Object());
            }
          }
        }
        case 3 -> {
          if (known == null || known.users.size() < users) {
            refused(known == null ? "is free" : "users, not", () -> swap.free(slot, users));
          } else {
            known.users.subList(0, users).clear();
            assertEquals(known.users.isEmpty(), swap.free(slot, users), where);
            if (known.users.isEmpty()) {
              model.remove(slot);
            }
          }
        }
        case 4 -> {
          byte[] bytes = page.toArray(JAVA_BYTE);
          random.nextBytes(bytes);
          MemorySegment from = MemorySegment.ofArray(bytes);
          if (known == null) {
            refused("is free", () -> swap.write(slot, from));
          } else {
            swap.write(slot, from);
            known.bytes = bytes.clone();
            Arrays.fill(bytes, (byte) 0);
          }
        }
        default -> {
          if (known == null || known.bytes.length == 0) {
            refused(known == null ? "is free" : "nothing was written", () -> swap.read(slot, page));
          } else {
            swap.read(slot, page);
            assertArrayEquals(known.bytes, page.toArray(JAVA_BYTE), where);
          }
        }
      }
      assertEquals(model.size(), swap.usedSlots(), where);
      for (int at = 1; at <= SLOTS; at++) {
        int expected = model.containsKey(at) ? model.get(at).users.size() : 0;
        assertEquals(expected, swap.useCount(at), where);
      }
    }
    assertTrue(full > 50, "rarely full: " + full);
  }

  @Test
  void slotsAreTakenInTurn() {
    assertEquals(1, swap.alloc());
    assertEquals(2, swap.alloc());
    assertTrue(swap.free(1, 1));
    assertEquals(3, swap.alloc());
    for (int slot = 4; slot <= SLOTS; slot++) {
      assertEquals(slot, swap.alloc());
    }
    assertEquals(1, swap.alloc());
  }

  @Test
  void refusalsSayWhatIsWrong() {
    swap.alloc();
    MemorySegment small = MemorySegment.ofArray(new byte[1]);
    refused("swap slot 0: must be 1 to 20", () -> swap.useCount(0));
    refused("swap slot 21: must be 1 to 20", () -> swap.dup(21, 1));
    refused("0 users of a swap slot", () -> swap.free(1, 0));
    refused("-1 users of a swap slot", () -> swap.dup(1, -1));
    refused("2147483647 more would not fit", () -> swap.dup(1, Integer.MAX_VALUE));
    refused("swap of 1 bytes: must be a page of 1024", () -> swap.write(1, small));
    refused("swap of 1 bytes: must be a page of 1024", () -> swap.read(1, small));
    refused("swap area of 0 slots", () -> new SwapArea(PAGE_SHIFT, 0));
    assertEquals(1, swap.useCount(1));
    assertEquals(1, swap.usedSlots());
  }

  private static void refused(String message, Runnable request) {
    InvalidRequestException refused =
        assertThrows(InvalidRequestException.class, request::run, message);
    String text = String.valueOf(refused.getMessage());
    assertTrue(text.contains(message), text);
  }
}

package org.mmport.mm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.InvalidRequestException;

class FilePagesTest {
  private static final int PAGE_SHIFT = 12;
  private static final long LAST_WORD = (1 << PAGE_SHIFT) - Long.BYTES;
  private static final int FRAMES = 16;
  private static final int MAX_PAGES = 40;

  private final PhysicalMemory memory = PhysicalMemory.ofSize((long) FRAMES << PAGE_SHIFT);
  private final Folios folios = new Folios(FrameAllocator.singleNode(memory, PAGE_SHIFT));

  @AfterEach
  void close() {
    memory.close();
  }

  /** One mapping of the file, without page tables: which page it shows, and which is dirty. */
  private final class Mapped implements FileMappings {
    final TreeMap<Long, Long> pfns = new TreeMap<>();
    final Set<Long> dirty = new HashSet<>();
    int cleanings;

    /** Takes over the caller's reference. */
    void map(long index, long pfn) {
      folios.addMapCount(pfn, 1);
      assertEquals(null, pfns.put(index, pfn));
    }

    void unmap(long index) {
      Long pfn = pfns.remove(index);
      if (pfn != null) {
        if (dirty.remove(index)) {
          folios.set(pfn, PageFlag.DIRTY);
        }
        folios.addMapCount(pfn, -1);
        folios.unref(pfn, 1);
      }
    }

    @Override
    public boolean makeClean(FilePages file, long index, long pfn, int pages) {
      cleanings++;
      return dirty.remove(index);
    }

    @Override
    public void unmap(FilePages file, long firstIndex, long lastIndex) {
      for (long index = firstIndex; index <= lastIndex; index++) {
        unmap(index);
      }
    }
  }

  /** Bytes are those last stored, whatever was evicted, written back and cut off between. */
  @ParameterizedTest
  @CsvSource({"1, true", "2, true", "3, true", "1, false", "2, false"})
  void agreesWithTheModel(long seed, boolean writtenBack) {
    Storage storage = writtenBack ? new MemoryStorage() : Storage.none();
    FilePages file = new FilePages(1, folios, storage, 20);
    Mapped mapped = new Mapped();
    TreeMap<Long, Long> model = new TreeMap<>();
    Random random = new Random(seed);
    long size = 20;
    int evicted = 0;
    int outOfFrames = 0;
    long written = 0;
    for (int step = 0; step < 12_000; step++) {
      String where = "seed " + seed + " step " + step;
      long index = random.nextInt(MAX_PAGES);
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3, 4, 5 -> {
          OptionalLong got;
          try {
            got = mapped.pfns.containsKey(index) ? file.find(index) : file.get(index, 0);
          } catch (OutOfFramesException full) {
            outOfFrames++;
            mapped.pfns.keySet().stream()
                .skip(random.nextInt(mapped.pfns.size() + 1))
                .findFirst()
                .ifPresent(some -> mapped.unmap(some));
            continue;
          }
          assertEquals(index < size, got.isPresent(), where);
          if (got.isEmpty()) {
            continue;
          }
          use(mapped, model, random, index, got.getAsLong(), where);
        }
        case 6 -> mapped.unmap(index);
        case 7, 8 -> evicted += file.evict(index) ? 1 : 0;
        case 9 -> written += file.writeBack(index, index + 5, mapped);
        case 10 -> {
          OptionalLong found = file.find(index);
          if (found.isPresent()) {
            assertHolds(model.getOrDefault(index, 0L), found.getAsLong(), where);
            folios.unref(found.getAsLong(), 1);
          }
        }
        default -> {
          if (random.nextInt(10) == 0) {
            size = random.nextInt(MAX_PAGES + 1);
            file.truncate(size, mapped);
            model.tailMap(size, true).clear();
            assertTrue(mapped.pfns.tailMap(size, true).isEmpty(), where);
          }
        }
      }
      assertEquals(size, file.sizePages(), where);
      assertEquals(file.cachedPages(), folios.allocated(), where);
    }
    assertTrue(evicted > 20 && outOfFrames > 50, "evicted " + evicted + " full " + outOfFrames);
    assertEquals(writtenBack, written > 100);
    assertEquals(writtenBack, mapped.cleanings > 0, "looked at mappings");
    if (writtenBack) {
      file.writeBack(0, MAX_PAGES, mapped);
      MemorySegment page = MemorySegment.ofArray(new byte[1 << PAGE_SHIFT]);
      for (long index = 0; index < MAX_PAGES; index++) {
        storage.read(index, page);
        assertEquals(model.getOrDefault(index, 0L), page.get(JAVA_LONG.withByteAlignment(1), 0));
      }
    }
    file.truncate(0, mapped);
    assertEquals(0, folios.allocated());
  }

  private void use(
      Mapped mapped, Map<Long, Long> model, Random random, long index, long pfn, String where) {
    assertHolds(model.getOrDefault(index, 0L), pfn, where);
    assertTrue(folios.is(pfn, PageFlag.UPTODATE), where);
    if (random.nextBoolean()) {
      long value = random.nextLong();
      folios.bytes(pfn).set(JAVA_LONG, 0, value);
      folios.bytes(pfn).set(JAVA_LONG, LAST_WORD, value);
      model.put(index, value);
      if (mapped.pfns.containsKey(index)) {
        mapped.dirty.add(index);
      } else {
        folios.set(pfn, PageFlag.DIRTY);
      }
    }
    if (!mapped.pfns.containsKey(index) && random.nextBoolean()) {
      mapped.map(index, pfn);
    } else {
      folios.unref(pfn, 1);
    }
  }

  private void assertHolds(long value, long pfn, String where) {
    assertEquals(value, folios.bytes(pfn).get(JAVA_LONG, 0), where);
    assertEquals(value, folios.bytes(pfn).get(JAVA_LONG, LAST_WORD), where);
  }

  @Test
  void aPinOutlivesTheFilesPage() {
    FilePages file = new FilePages(1, folios, Storage.none(), 2);
    long pfn = file.get(1, 0).orElseThrow();
    folios.pin(pfn, 1);
    folios.unref(pfn, 1);
    file.truncate(1, FileMappings.NONE);
    assertFalse(folios.is(pfn, PageFlag.PAGECACHE));
    assertEquals(0, file.cachedPages());
    assertTrue(folios.unpin(pfn, 1));
  }

  @Test
  void aWriteThatFailsLeavesThePageDirty() {
    Storage broken =
        new Storage() {
          @Override
          public void read(long page, MemorySegment to) {
            if (page == 1) {
              throw new ArithmeticException("unreadable");
            }
          }

          @Override
          public void write(long page, MemorySegment from) {
            throw new ArithmeticException("unwritable");
          }

          @Override
          public void truncate(long pages) {
            // Keeps none.
          }
        };
    FilePages file = new FilePages(1, folios, broken, 2);
    assertThrows(ArithmeticException.class, () -> file.get(1, 0));
    assertEquals(0, folios.allocated());
    long pfn = file.get(0, 0).orElseThrow();
    folios.set(pfn, PageFlag.DIRTY);
    assertThrows(ArithmeticException.class, () -> file.writeBack(0, 1, FileMappings.NONE));
    assertTrue(folios.is(pfn, PageFlag.DIRTY));
    assertEquals(2, folios.refCount(pfn));
  }

  @Test
  void refusalsSayWhatIsWrong() {
    FilePages file = new FilePages(7, folios, new MemoryStorage(), 2);
    refused("page -1 of file 7", () -> file.get(-1, 0));
    refused("page -2 of file 7", () -> file.find(-2));
    refused("page -3 of file 7", () -> file.evict(-3));
    refused("pages 3 to 2 of file 7", () -> file.writeBack(3, 2, FileMappings.NONE));
    refused("file of -1 pages", () -> file.truncate(-1, FileMappings.NONE));
    refused("file of -1 pages", () -> new FilePages(1, folios, Storage.none(), -1));
  }

  /** One thread uses pages while the other writes them back, evicts and cuts them off. */
  @Test
  void twoThreadsLoseNothing() throws Exception {
    FilePages file = new FilePages(1, folios, new MemoryStorage(), 8);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Future<?> user =
          threads.submit(
              () -> {
                long[] stored = new long[4];
                for (int i = 0; i < 30_000; i++) {
                  int index = i % 4;
                  long pfn = file.get(index, 0).orElseThrow();
                  assertEquals(stored[index], folios.bytes(pfn).get(JAVA_LONG, 0), "step " + i);
                  folios.bytes(pfn).set(JAVA_LONG, 0, i);
                  folios.set(pfn, PageFlag.DIRTY);
                  stored[index] = i;
                  folios.unref(pfn, 1);
                  file.get(4 + index, 0).ifPresent(other -> folios.unref(other, 1));
                }
              });
      Future<?> reclaim =
          threads.submit(
              () -> {
                for (int i = 0; i < 30_000; i++) {
                  file.writeBack(i % 4, i % 4, FileMappings.NONE);
                  file.evict(i % 4);
                  if (i % 16 == 0) {
                    file.truncate(4 + i / 16 % 5, FileMappings.NONE);
                  }
                }
              });
      user.get();
      reclaim.get();
    }
    file.truncate(0, FileMappings.NONE);
    assertEquals(0, folios.allocated());
  }

  private static void refused(String message, Runnable request) {
    InvalidRequestException refused =
        assertThrows(InvalidRequestException.class, request::run, message);
    String text = String.valueOf(refused.getMessage());
    assertTrue(text.contains(message), text);
  }
}

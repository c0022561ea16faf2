package org.mmport.mm;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.mmport.machine.Folios;

/**
 * The files of a machine, by the numbers that their pages name. Any number of threads may make some
 * and unmap them.
 */
final class Files {
  private final Folios folios;
  private final SwapCache swapCache;
  private final Rmap rmap;
  private final Map<Long, FilePages> byId = new ConcurrentHashMap<>();

  /** Those that go with their last mapping, in the order in which they came to be. */
  private final Map<Long, FilePages> nameless = new ConcurrentSkipListMap<>();

  Files(Folios folios, SwapCache swapCache, Rmap rmap) {
    this.folios = folios;
    this.swapCache = swapCache;
    this.rmap = rmap;
  }

  FilePages add(long id, Storage storage, long sizePages) {
    FilePages file = new FilePages(id, folios, storage, sizePages);
    byId.put(id, file);
    return file;
  }

  /**
   * Memory that is shared and has no name, as {@code shmem_zero_setup()} makes it: given back when
   * nobody maps it any more.
   */
  FilePages addNameless(long id, long pages) {
    FilePages file = add(id, new ShmemStorage(swapCache), pages);
    nameless.put(id, file);
    return file;
  }

  /** The file that a page of its cache names. */
  FilePages get(long id) {
    FilePages file = byId.get(id);
    if (file == null) {
      throw new IllegalStateException("file " + id + ": is not one of this machine's");
    }
    return file;
  }

  /**
   * What was mapped there before may have been the last of it. Of several that ask, one takes it
   * away.
   */
  void unmapped(List<Vma> removed) {
    for (Vma vma : removed) {
      if (vma.backing() instanceof Backing.OfFile of
          && !rmap.isMapped(of.file().id())
          && nameless.remove(of.file().id()) != null) {
        byId.remove(of.file().id());
        of.file().truncate(0, FileMappings.NONE);
      }
    }
  }

  /** With all others kept out. */
  void eachNameless(Consumer<FilePages> action) {
    nameless.values().forEach(action);
  }
}

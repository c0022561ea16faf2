package org.mmport.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * Roots out of a table in memory that has an entry for each process, and the kernel's as entry 0
 * (the process table of Power). It is where registers say, or, where they do not, it is searched
 * for: the one whose entry 0 is a tree that maps its first page to address 0, as the linear map of
 * Linux does.
 *
 * @param mode what registers must be
 * @param places what names the table, the first that does
 * @param process the register that holds a process's number
 * @param entryBytes of the table's entries, whose first 8 bytes name a tree
 * @param tree what those are, as a register called {@code tree}, and the root in them
 * @param shape of the trees
 */
public record RootTable(
    RootRegisters mode,
    List<Place> places,
    String process,
    int entryBytes,
    RootRegisters tree,
    TreeShape shape)
    implements RootFinder {
  /** Where tables may lie. */
  private static final int ALIGNED = 4096;

  public RootTable {
    places = List.copyOf(places);
  }

  /**
   * Where the table is: at an address, or named by an entry of another table there.
   *
   * @param entryBytes of that other table's entries; 0 where there is none
   * @param index the register that says which of them; the first where it is not known
   * @param offsetBytes where in the entry the table's address is
   * @param bits what of it is the address, as {@link RootAddress#of} reads {@code entry 59:12}
   */
  public record Place(
      RootAddress address, int entryBytes, String index, int offsetBytes, RootAddress bits) {
    /** A register that holds the address. */
    public static Place at(String address) {
      return new Place(RootAddress.of(address), 0, "", 0, RootAddress.of("entry"));
    }

    /** A register that holds the address of a table of addresses. */
    public static Place through(
        String address, int entryBytes, String index, int offsetBytes, String bits) {
      return new Place(
          RootAddress.of(address), entryBytes, index, offsetBytes, RootAddress.of("entry " + bits));
    }

    private OptionalLong in(Registers registers, TreeShape shape, MemoryView memory) {
      long base = address.in(registers).orElse(0);
      if (base == 0) {
        return OptionalLong.empty();
      }
      if (entryBytes == 0) {
        return OptionalLong.of(base);
      }
      long entry = base + entryBytes * registers.get(index).orElse(0) + offsetBytes;
      return bits.in(Registers.of("entry", shape.load(memory, entry)));
    }
  }

  @Override
  public RootLookup find(Registers registers) {
    return find(registers, MemoryView.NONE);
  }

  @Override
  public RootLookup find(Registers registers, MemoryView memory) {
    if (mode.find(registers) instanceof RootLookup.NotSelected no) {
      return no;
    }
    long[] tables = tables(registers, memory).toArray();
    if (tables.length != 1) {
      return RootLookup.no(
          "process tables found: %s; name one with %s"
              .formatted(
                  LongStream.of(tables).limit(9).mapToObj(Long::toHexString).toList(),
                  places.getFirst().address().register()));
    }
    OptionalLong number = registers.get(process);
    if (number.isEmpty()) {
      return RootLookup.no(
          "process table at 0x%x, but which %s? 0 is the kernel's".formatted(tables[0], process));
    }
    long kernel = root(memory, tables[0]);
    long user = root(memory, tables[0] + entryBytes * number.getAsLong());
    if (kernel == 0 || user == 0) {
      return RootLookup.no(
          "no tree for %s %d at 0x%x".formatted(process, number.getAsLong(), tables[0]));
    }
    for (long root : new long[] {user, kernel}) {
      String unlike = shape.unlike(memory, root);
      if (!unlike.isEmpty()) {
        return RootLookup.no(unlike);
      }
    }
    return new RootLookup.Found(List.of(user, kernel));
  }

  private LongStream tables(Registers registers, MemoryView memory) {
    List<Long> named = new ArrayList<>();
    for (Place place : places) {
      place.in(registers, shape, memory).ifPresent(named::add);
    }
    return named.isEmpty()
        ? memory.aligned(ALIGNED).filter(table -> startsLikeLinux(memory, table))
        : LongStream.of(named.getFirst());
  }

  private boolean startsLikeLinux(MemoryView memory, long table) {
    long root = root(memory, table);
    return root != 0
        && shape.load(memory, table + Long.BYTES) == 0
        && shape.mapsFirstPageToZero(memory, root);
  }

  /** The root that an entry names; 0 where it is no tree. */
  private long root(MemoryView memory, long entry) {
    RootLookup found = tree.find(Registers.of("tree", shape.load(memory, entry)));
    return found instanceof RootLookup.Found roots ? roots.rootPhysAddrs().getFirst() : 0;
  }
}

package org.mmport.spi;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What entries are made of: the bits of each protection ({@code protection_map}, {@code
 * PAGE_KERNEL*}), of each memory type, and of table entries ({@code _PAGE_TABLE}). A record of
 * longs, as {@link PteBits} is and for the same reason.
 *
 * @param none of PROT_NONE
 * @param kernel of the kernel's leaves
 * @param user of a process's leaves
 * @param types of memory types
 * @param kernelTable of entries that point at the kernel's tables
 * @param userTable the same of a process's tables
 * @param told fields that tell a leaf of PROT_NONE from all others; 0 where a role does
 * @param toldNone what such a leaf has there
 * @param guarded the memory type from which nothing is run; 0 where there is none such
 * @param badTable what no entry has that points at a table of Linux's
 * @param changed what a change of rights takes from the new protection besides the bits of rights
 * @param stray what hardware or the kernel may leave behind in an unused entry
 * @param strayInPage the same at PTE
 */
public record EntryFlags(
    long none,
    Owned kernel,
    Owned user,
    Types types,
    long kernelTable,
    long userTable,
    long told,
    long toldNone,
    long guarded,
    long badTable,
    long changed,
    long stray,
    long strayInPage) {
  private static final List<String> RIGHTS =
      List.of("read", "write", "no-write", "exec", "no-exec");

  /** For formats that make their entries themselves. */
  public static final EntryFlags NONE = of(List.of(), "");

  /**
   * Bits of an owner's leaves: those that they always have, and what each right adds.
   *
   * @param noWrite what the lack of the right to write adds; noExec alike
   */
  public record Owned(long always, long read, long write, long noWrite, long exec, long noExec) {
    private long of(Protection protection, boolean writable) {
      return always
          | (protection.read() || protection.write() ? read : 0)
          | (writable ? write : noWrite)
          | (protection.exec() ? exec : noExec);
    }
  }

  /** Bits of each memory type; {@link #LACKING} where there is none for it. */
  public record Types(long writeBack, long writeCombine, long writeThrough, long uncached) {
    /** No type's bits. */
    public static final long LACKING = -1;

    private long of(MemoryType type) {
      if (type == MemoryType.WRITE_BACK) {
        return writeBack;
      }
      if (type == MemoryType.WRITE_COMBINE) {
        return writeCombine;
      }
      return type == MemoryType.WRITE_THROUGH ? writeThrough : uncached;
    }
  }

  /**
   * From a small table of text, a row for each thing said: {@code kernel write: R/W D}. Bits are
   * called by the names that they have among the fields of a page's entry, or of a table's in what
   * is said of tables, as {@link EntryField#bits} reads them.
   *
   * <ul>
   *   <li>{@code all}, {@code none}, {@code kernel}, {@code user}: what all leaves have, those of
   *       PROT_NONE, and each owner's others
   *   <li>{@code read}, {@code write}, {@code no-write}, {@code exec}, {@code no-exec}: what having
   *       or lacking a right adds, to both owners' or after {@code kernel} or {@code user} to one's
   *   <li>names of {@link MemoryType}; those without a row are refused
   *   <li>{@code table}, {@code kernel table}, {@code user table}
   *   <li>{@code told none}: where a leaf of PROT_NONE is unlike all others, if no role says it:
   *       the fields in which it is as {@code none} and its kind of leaf have it
   *   <li>{@code guarded}: the memory type from which nothing is run
   *   <li>{@code bad table}: what {@code pmd_bad()} refuses besides what makes a leaf
   *   <li>{@code changed}: what a change of rights takes from the new protection besides the bits
   *       whose roles say that they are rights ({@code pte_modify()})
   *   <li>{@code unused}, {@code unused page}: what may be left behind in an unused entry, and more
   *       of that at PTE
   * </ul>
   *
   * @throws InvalidRequestException for a row that is not so made
   */
  public static EntryFlags of(List<EntryField> fields, String text) {
    Map<String, Long> rows = new HashMap<>();
    text.lines().filter(line -> !line.isBlank()).forEach(line -> read(fields, line.trim(), rows));
    long told = sum(rows, "told none");
    return new EntryFlags(
        sum(rows, "all", "none"),
        owned(rows, "kernel"),
        owned(rows, "user"),
        new Types(
            type(rows, MemoryType.WRITE_BACK),
            type(rows, MemoryType.WRITE_COMBINE),
            type(rows, MemoryType.WRITE_THROUGH),
            type(rows, MemoryType.UNCACHED)),
        sum(rows, "table", "kernel table"),
        sum(rows, "table", "user table"),
        told,
        told & (sum(rows, "all", "none") | leaf(fields)),
        sum(rows, "guarded"),
        sum(rows, "bad table"),
        sum(rows, "changed"),
        sum(rows, "unused"),
        sum(rows, "unused", "unused page"));
  }

  /**
   * The bits of a protection but its key's. A private writable page of a process is not writable
   * yet: {@code protection_map}.
   *
   * @throws InvalidRequestException for a memory type that entries cannot hold
   */
  public long pgprot(Protection protection) {
    long type = types.of(protection.memoryType());
    if (type == Types.LACKING) {
      List<MemoryType> known =
          Arrays.stream(MemoryType.values()).filter(t -> types.of(t) != Types.LACKING).toList();
      throw new InvalidRequestException(
          "memory type " + protection.memoryType() + ": entries hold one of " + known);
    }
    if (protection.isNone()) {
      return type | none;
    }
    return protection.owner() == TableOwner.KERNEL
        ? type | kernel.of(protection, protection.write())
        : type | user.of(protection, protection.write() && protection.shared());
  }

  /** The bits of an entry that points at an owner's table. */
  public long table(TableOwner owner) {
    return owner == TableOwner.USER ? userTable : kernelTable;
  }

  /** Whether a leaf is one of PROT_NONE, which its combination of bits says. */
  public boolean tellsNone(long raw) {
    return told != 0 && (raw & told) == toldNone;
  }

  /** What may be left behind in an unused entry of the level. */
  public long stray(Level level) {
    return level == Level.PTE ? strayInPage : stray;
  }

  private static Owned owned(Map<String, Long> rows, String owner) {
    return new Owned(
        sum(rows, "all", owner),
        sum(rows, "read", owner + " read"),
        sum(rows, "write", owner + " write"),
        sum(rows, "no-write", owner + " no-write"),
        sum(rows, "exec", owner + " exec"),
        sum(rows, "no-exec", owner + " no-exec"));
  }

  private static long leaf(List<EntryField> fields) {
    return fields.stream()
        .filter(field -> field.role() == EntryRole.LEAF && field.kinds().contains(EntryKind.PAGE))
        .mapToLong(EntryField::mask)
        .reduce(0, (a, b) -> a | b);
  }

  private static long type(Map<String, Long> rows, MemoryType type) {
    return rows.getOrDefault(type.name(), Types.LACKING);
  }

  private static long sum(Map<String, Long> rows, String... keys) {
    return Arrays.stream(keys)
        .mapToLong(key -> rows.getOrDefault(key, 0L))
        .reduce(0, (a, b) -> a | b);
  }

  private static void read(List<EntryField> fields, String line, Map<String, Long> rows) {
    int colon = line.indexOf(':');
    require(colon > 0, line, "write what it is about, a colon, and names of fields");
    String key = line.substring(0, colon);
    Set<String> keys = keys();
    require(keys.contains(key), line, "'%s' is none of %s".formatted(key, keys));
    EntryKind kind = key.endsWith("table") ? EntryKind.TABLE : EntryKind.PAGE;
    long bits = EntryField.bits(fields, kind, line.substring(colon + 1));
    require(rows.put(key, bits) == null, line, "there is one already; say each once");
  }

  private static Set<String> keys() {
    Set<String> keys =
        new TreeSet<>(
            List.of(
                "all",
                "none",
                "told none",
                "guarded",
                "bad table",
                "kernel",
                "user",
                "table",
                "kernel table",
                "user table",
                "changed",
                "unused",
                "unused page"));
    for (String right : RIGHTS) {
      keys.addAll(List.of(right, "kernel " + right, "user " + right));
    }
    for (MemoryType type : MemoryType.values()) {
      keys.add(type.name());
    }
    return keys;
  }

  private static void require(boolean holds, String line, String rule) {
    if (!holds) {
      throw new InvalidRequestException("entry flags '" + line + "': " + rule);
    }
  }
}

package org.mmport.spi;

/**
 * What a mapping asks for, before a port turns it into bits. The first four are Linux's {@code
 * VM_READ, VM_WRITE, VM_EXEC, VM_SHARED}: a private writable page is copy-on-write, so its entry
 * does not permit writing until {@link PteFormat#mkWrite} says so.
 *
 * @param read may be read
 * @param write may be written (at once if shared, after a copy if not)
 * @param exec may be executed
 * @param shared writes go to the page itself
 * @param owner user or kernel page; kernel pages are global where the variant can say so
 * @param memoryType how the page is cached
 * @param key protection key, 0 where there are none
 */
public record Protection(
    boolean read,
    boolean write,
    boolean exec,
    boolean shared,
    TableOwner owner,
    MemoryType memoryType,
    int key) {
  /** Linux's names for the usual user protections ({@code protection_map}, {@code PAGE_KERNEL}). */
  public static final Protection PAGE_NONE = user("---", false);

  public static final Protection PAGE_READONLY = user("r--", false);
  public static final Protection PAGE_READONLY_EXEC = user("r-x", false);
  public static final Protection PAGE_COPY = user("rw-", false);
  public static final Protection PAGE_SHARED = user("rw-", true);
  public static final Protection PAGE_SHARED_EXEC = user("rwx", true);
  public static final Protection PAGE_KERNEL = kernel("rw-");
  public static final Protection PAGE_KERNEL_RO = kernel("r--");
  public static final Protection PAGE_KERNEL_ROX = kernel("r-x");
  public static final Protection PAGE_KERNEL_EXEC = kernel("rwx");

  /** A user protection from {@code rwx} letters, as {@code /proc/PID/maps} shows them. */
  public static Protection user(String rwx, boolean shared) {
    return parse(rwx, shared, TableOwner.USER);
  }

  /** A kernel protection from {@code rwx} letters. */
  public static Protection kernel(String rwx) {
    return parse(rwx, true, TableOwner.KERNEL);
  }

  /** The same with another memory type. */
  public Protection withMemoryType(MemoryType type) {
    return new Protection(read, write, exec, shared, owner, type, key);
  }

  /** The same with another protection key. */
  public Protection withKey(int newKey) {
    return new Protection(read, write, exec, shared, owner, memoryType, newKey);
  }

  /** Whether no access at all is asked for: PROT_NONE. */
  public boolean isNone() {
    return !read && !write && !exec;
  }

  @Override
  public String toString() {
    return (read ? "r" : "-")
        + (write ? "w" : "-")
        + (exec ? "x" : "-")
        + (shared ? "s" : "p")
        + (owner == TableOwner.KERNEL ? " kernel" : "")
        + (memoryType == MemoryType.WRITE_BACK ? "" : " " + memoryType)
        + (key == 0 ? "" : " key " + key);
  }

  private static Protection parse(String rwx, boolean shared, TableOwner owner) {
    if (!rwx.matches("[r-][w-][x-]")) {
      throw new InvalidRequestException("protection '" + rwx + "': write it like rw- or r-x");
    }
    return new Protection(
        rwx.charAt(0) == 'r',
        rwx.charAt(1) == 'w',
        rwx.charAt(2) == 'x',
        shared,
        owner,
        MemoryType.WRITE_BACK,
        0);
  }
}

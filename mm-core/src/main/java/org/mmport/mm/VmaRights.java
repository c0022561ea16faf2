package org.mmport.mm;

/** What a process may do in a VMA: {@code VM_READ}, {@code VM_WRITE}, {@code VM_EXEC}. */
public record VmaRights(boolean read, boolean write, boolean exec) {
  public static final VmaRights NONE = new VmaRights(false, false, false);
  public static final VmaRights READ = new VmaRights(true, false, false);
  public static final VmaRights READ_WRITE = new VmaRights(true, true, false);
  public static final VmaRights READ_EXEC = new VmaRights(true, false, true);
  public static final VmaRights ALL = new VmaRights(true, true, true);

  /** As in {@code /proc/PID/maps}: {@code rw-}. */
  @Override
  public String toString() {
    return (read ? "r" : "-") + (write ? "w" : "-") + (exec ? "x" : "-");
  }
}

package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;

/** What a process may do in a VMA: {@code VM_READ}, {@code VM_WRITE}, {@code VM_EXEC}. */
public record VmaRights(boolean read, boolean write, boolean exec) {
  public static final VmaRights NONE = new VmaRights(false, false, false);
  public static final VmaRights READ = new VmaRights(true, false, false);
  public static final VmaRights READ_WRITE = new VmaRights(true, true, false);
  public static final VmaRights READ_EXEC = new VmaRights(true, false, true);
  public static final VmaRights ALL = new VmaRights(true, true, true);

  /** From the form of {@link #toString}. */
  public static VmaRights parse(String text) {
    if (!text.matches("[r-][w-][x-]")) {
      throw new InvalidRequestException("rights \"" + text + "\": must be like r-x or rw-");
    }
    return new VmaRights(text.charAt(0) == 'r', text.charAt(1) == 'w', text.charAt(2) == 'x');
  }

  /** As in {@code /proc/PID/maps}: {@code rw-}. */
  @Override
  public String toString() {
    return (read ? "r" : "-") + (write ? "w" : "-") + (exec ? "x" : "-");
  }
}

package org.mmport.spi;

/**
 * What may be done through a translation, as a mask of six rights. Every level of a walk names the
 * rights that it leaves; what is left is the AND of them all, on every architecture known here, and
 * where one right excludes another {@link PteFormat#effectiveRights} says so.
 */
public final class Rights {
  public static final int KERNEL_READ = 1;
  public static final int KERNEL_WRITE = 2;
  public static final int KERNEL_EXEC = 4;
  public static final int USER_READ = 8;
  public static final int USER_WRITE = 16;
  public static final int USER_EXEC = 32;

  /** Every right: what a table entry leaves that takes none away. */
  public static final int ALL = 63;

  public static final int USER = USER_READ | USER_WRITE | USER_EXEC;
  public static final int READ = KERNEL_READ | USER_READ;
  public static final int WRITE = KERNEL_WRITE | USER_WRITE;
  public static final int EXEC = KERNEL_EXEC | USER_EXEC;

  private Rights() {}

  /** Whether user code may use the translation at all. */
  public static boolean user(int rights) {
    return (rights & USER) != 0;
  }

  /** Whether it may be read by the least privileged code that may use it at all. */
  public static boolean read(int rights) {
    return (rights & (user(rights) ? USER_READ : KERNEL_READ)) != 0;
  }

  /** Whether it may be written by the least privileged code that may use it at all. */
  public static boolean write(int rights) {
    return (rights & (user(rights) ? USER_WRITE : KERNEL_WRITE)) != 0;
  }

  /** Whether it may be executed by the least privileged code that may use it at all. */
  public static boolean exec(int rights) {
    return (rights & (user(rights) ? USER_EXEC : KERNEL_EXEC)) != 0;
  }
}

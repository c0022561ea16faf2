package org.mmport.conformance;

import java.util.Locale;
import org.mmport.spi.InvalidRequestException;

/** Whether the clauses that ask a real MMU are run; they take seconds each, and need QEMU. */
public enum HardwareUse {
  /** They are not applicable. */
  OFF,
  /** They are run where QEMU is installed, and not applicable elsewhere. */
  WHERE_INSTALLED,
  /** They fail where QEMU is not installed. */
  REQUIRED;

  /**
   * The choice of that name, in lower case and with dashes.
   *
   * @throws InvalidRequestException for any other
   */
  public static HardwareUse of(String word) {
    for (HardwareUse use : values()) {
      if (use.word().equals(word)) {
        return use;
      }
    }
    throw new InvalidRequestException(
        "use of hardware '" + word + "': say off, where-installed or required");
  }

  /** The name as a stable word for scripts. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}

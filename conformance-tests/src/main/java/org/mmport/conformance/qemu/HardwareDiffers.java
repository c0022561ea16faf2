package org.mmport.conformance.qemu;

import java.util.Optional;
import org.mmport.spi.Level;

/** Hardware does something else than the port says; ends the judgement. */
public final class HardwareDiffers extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String where;
  private final String expected;
  private final String found;

  HardwareDiffers(long va, Level level, long raw, String expected, String found) {
    this(" %s va=0x%016x raw=0x%016x".formatted(level, va, raw), expected, found, Optional.empty());
  }

  HardwareDiffers(String expected, String found) {
    this("", expected, found, Optional.empty());
  }

  private HardwareDiffers(String where, String expected, String found, Optional<Throwable> cause) {
    super(where + ": expected " + expected + ", found " + found, cause.orElse(null));
    this.where = where;
    this.expected = expected;
    this.found = found;
  }

  /** The same, at an address. */
  HardwareDiffers at(long va) {
    return new HardwareDiffers(
        " va=0x%016x".formatted(va) + where, expected, found, Optional.of(this));
  }

  /** Level, address and entry, with a blank before them; empty where it is about none. */
  public String where() {
    return where;
  }

  /** What the port says. */
  public String expected() {
    return expected;
  }

  /** What hardware did. */
  public String found() {
    return found;
  }
}

package org.mmport.cli;

import java.io.Console;
import java.io.PrintWriter;

/** A counter on standard error, for people who wait; nothing where nobody looks. */
final class Progress {
  private final PrintWriter err;
  private final boolean shown;
  private final String unit;
  private final int every;
  private long steps;

  private Progress(PrintWriter err, boolean shown, String unit, int every) {
    this.err = err;
    this.shown = shown;
    this.unit = unit;
    this.every = every;
  }

  /** Counts something, and says so every so many times. */
  // The API still allows null, whatever JDK 25 does.
  @SuppressWarnings("SystemConsoleNull")
  static Progress toTerminal(PrintWriter err, String unit, int every) {
    Console console = System.console();
    return new Progress(err, console != null && console.isTerminal(), unit, every);
  }

  void step() {
    if (++steps % every == 0 && shown) {
      err.print("\r" + steps + " " + unit);
      err.flush();
    }
  }

  void end() {
    if (shown && steps >= every) {
      err.print("\r\033[K");
      err.flush();
    }
  }
}

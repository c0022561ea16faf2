package org.mmport.cli;

import java.io.Console;
import java.io.PrintWriter;

/** A counter on standard error, for people who wait; nothing where nobody looks. */
final class Progress {
  private static final int EVERY = 1 << 18;

  private final PrintWriter err;
  private final boolean shown;
  private long steps;

  private Progress(PrintWriter err, boolean shown) {
    this.err = err;
    this.shown = shown;
  }

  // The API still allows null, whatever JDK 25 does.
  @SuppressWarnings("SystemConsoleNull")
  static Progress toTerminal(PrintWriter err) {
    Console console = System.console();
    return new Progress(err, console != null && console.isTerminal());
  }

  void step() {
    if (++steps % EVERY == 0 && shown) {
      err.print("\r" + steps + " leaves");
      err.flush();
    }
  }

  void end() {
    if (shown && steps >= EVERY) {
      err.print("\r\033[K");
      err.flush();
    }
  }
}

package org.mmport.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A command line and what came of it. */
record Run(int exit, String out, String err) {
  static Run of(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit = Main.run(new PrintWriter(out), new PrintWriter(err, true), args);
    return new Run(exit, out.toString(), err.toString());
  }
}

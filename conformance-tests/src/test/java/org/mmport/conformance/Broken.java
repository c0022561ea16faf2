package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.MmuVariant;

/**
 * A port with one thing wrong.
 *
 * @param name what is wrong with it
 * @param clauses exactly the clauses that fail
 * @param message part of what the first of them says
 */
record Broken(String name, MmuVariant variant, List<String> clauses, String message) {
  @Override
  public String toString() {
    return name;
  }
}

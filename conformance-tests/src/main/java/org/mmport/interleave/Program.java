package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;

/** What is explored. Begun anew for each order, and the same each time but for that. */
@FunctionalInterface
public interface Program {
  /**
   * Sets the scene, with all that comes before there are threads.
   *
   * @param steps to be given to the machine's memory
   */
  Scene begin(Steps steps);

  /** A machine and what is to happen on it. */
  interface Scene extends AutoCloseable {
    /** Its memory, made with the steps that were given. */
    PhysicalMemory memory();

    /** What threads do, each on its own: at most 26 of them. What one throws is a failure. */
    List<Runnable> threads();

    /** What is wrong when all have ended, in one line. */
    Optional<String> verdict();

    @Override
    void close();
  }
}

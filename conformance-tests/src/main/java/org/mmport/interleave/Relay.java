package org.mmport.interleave;

import org.mmport.machine.Steps;

/**
 * Passes on what the machines of one exploration tell to whoever is to hear of it now. One object
 * for all runs, as classes are made for whoever listens.
 */
final class Relay extends ForwardingSteps {
  Relay() {
    super(Steps.NONE);
  }

  void to(Steps listener) {
    forwardTo(listener);
  }
}

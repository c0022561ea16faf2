package org.mmport.pgtable;

/**
 * Carries out what a gather owes: a machine's CPUs, or a test that writes down what it was asked.
 */
@FunctionalInterface
public interface TlbFlusher {
  /**
   * When this returns, no CPU uses what the request names any more. May invalidate more, never
   * less.
   */
  void flush(FlushRequest request);
}

package org.mmport.machine;

/**
 * Told of every block of frames and every table smaller than a frame that is given back, before
 * anybody can be handed it again: whoever keeps addresses of memory learns that they are stale.
 */
@FunctionalInterface
public interface FreeListener {
  /**
   * Memory is given back. Called by the thread that frees, under whatever locks it holds.
   *
   * @param physAddr of the first byte
   * @param sizeBytes a power of two
   */
  void freed(long physAddr, long sizeBytes);
}

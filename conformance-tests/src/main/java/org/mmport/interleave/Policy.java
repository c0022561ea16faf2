package org.mmport.interleave;

/** Who goes on. Asked before every step of a run; the same answers make the same run. */
interface Policy {
  /** In the place of a thread: none has run yet. */
  int NOBODY = -1;

  /**
   * One of the threads that can go on.
   *
   * @param current who ran until now, or {@link #NOBODY}
   * @param enabled a bit for each thread that can; the current one's is not set where it has to
   *     wait or has ended
   * @param touch what the current one is about to do
   */
  int next(int current, int enabled, Touch touch);

  static boolean isEnabled(int enabled, int thread) {
    return thread >= 0 && (enabled >>> thread & 1) != 0;
  }
}

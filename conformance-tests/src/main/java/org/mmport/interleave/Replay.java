package org.mmport.interleave;

import java.util.List;

/**
 * Follows a schedule as far as it goes; then whoever runs goes on, and the first that can after.
 */
final class Replay implements Policy {
  private final List<Schedule.Turn> turns;
  private int turn;
  private int steps;

  Replay(Schedule schedule) {
    this.turns = schedule.turns();
  }

  @Override
  public int next(int current, int enabled, Touch touch) {
    boolean can = Policy.isEnabled(enabled, current);
    if (current != NOBODY) {
      steps++;
      if (can && (turn >= turns.size() || steps < turns.get(turn).steps())) {
        return current;
      }
      turn++;
      steps = 0;
    }
    if (turn < turns.size() && Policy.isEnabled(enabled, turns.get(turn).thread())) {
      return turns.get(turn).thread();
    }
    return can ? current : Integer.numberOfTrailingZeros(enabled);
  }
}

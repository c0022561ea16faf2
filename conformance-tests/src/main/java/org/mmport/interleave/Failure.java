package org.mmport.interleave;

import java.util.List;

/**
 * An order in which something went wrong.
 *
 * @param reason in one line
 * @param schedule to have it again
 * @param story the same for readers: who was cut before what
 */
public record Failure(String reason, Schedule schedule, List<String> story) {
  public Failure {
    story = List.copyOf(story);
  }

  /** In one line. */
  @Override
  public String toString() {
    return "%s; schedule: %s (%s)".formatted(reason, schedule, String.join("; ", story));
  }
}

package org.mmport.replay;

/**
 * Lines of a trace that were not replayed as they are written.
 *
 * @param call the call, or {@code access}
 * @param count how many lines
 * @param firstTrace the trace of the first of them, from 0
 * @param firstLine the first of them, from 1
 */
public record Note(
    Kind kind, String call, String reason, long count, int firstTrace, long firstLine) {
  /** What became of a line. */
  public enum Kind {
    /** It went through there and is refused here. */
    REFUSED_HERE("refused here"),
    /** It failed there and goes through here; what it did was taken back. */
    FAILED_THERE("failed there"),
    /** It failed there and was not tried. */
    NOT_TRIED("not tried"),
    /** It was left out. */
    NOT_REPLAYED("not replayed"),
    /** It was done in another way. */
    ADAPTED("adapted"),
    /** It failed there, and is refused here. */
    FAILED_TOO("failed in both"),
    /** It changes nothing that is replayed. */
    WITHOUT_EFFECT("without effect");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }
}

package org.mmport.mm;

/**
 * What {@code mremap()} is asked for: part of one mapping gets another size, another place, or
 * both.
 *
 * @param va first address of the part, the start of a page
 * @param oldBytes whole pages, all of one mapping
 * @param newBytes whole pages, one at least
 * @param target where it may be afterwards
 */
public record MremapRequest(long va, long oldBytes, long newBytes, Target target) {
  /** Where a mapping may be afterwards. */
  public sealed interface Target {
    /** Where it is: what does not fit there is refused. */
    record InPlace() implements Target {}

    /** Where it is if it fits, else wherever there is room ({@code MREMAP_MAYMOVE}). */
    record Anywhere() implements Target {}

    /**
     * At an address and nowhere else; what is mapped there is unmapped ({@code MREMAP_FIXED}).
     *
     * @param va the start of a page; no part of the old range may be in the new one
     */
    record At(long va) implements Target {}
  }
}

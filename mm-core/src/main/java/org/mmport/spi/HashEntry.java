package org.mmport.spi;

/**
 * An entry of a hash table: two doublewords, in native form.
 *
 * @param tag what is compared: valid bit, virtual page
 * @param data what is found: frame, rights, marks
 */
public record HashEntry(long tag, long data) {
  /** An unused entry. */
  public static final HashEntry EMPTY = new HashEntry(0, 0);
}

package org.mmport.mm;

/** What a page fault came to: Linux's {@code vm_fault_t} and the signals that follow from it. */
public enum FaultStatus {
  /**
   * A page or a right was there already: another CPU was faster, or an old translation was used.
   */
  SPURIOUS,
  /** Young, dirty or a right was set in an entry. */
  TOUCHED,
  /** A page was mapped, without reading it from anywhere. */
  MINOR,
  /** A page was read from a file or from swap. */
  MAJOR,
  /** A write to a page that nobody else has any more: it was made writable as it is. */
  REUSED,
  /** A write to a page that others have too: it was copied. */
  COPIED,
  /** Nothing is mapped there: {@code SIGSEGV}, {@code SEGV_MAPERR}. */
  NOT_MAPPED,
  /** The mapping does not permit it: {@code SIGSEGV}, {@code SEGV_ACCERR}. */
  NOT_PERMITTED,
  /** A page of the mapping lies behind the end of its file: {@code SIGBUS}. */
  BEYOND_FILE,
  /** There is no memory for the page or for its tables; the page is as it was. */
  OUT_OF_MEMORY;

  /** Whether the access can be tried again. */
  public boolean isResolved() {
    return compareTo(NOT_MAPPED) < 0;
  }
}

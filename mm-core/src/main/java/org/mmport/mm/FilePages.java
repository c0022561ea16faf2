package org.mmport.mm;

/** A file. */
public final class FilePages {
  private final int pageShift;

  public FilePages(int pageShift) {
    this.pageShift = pageShift;
  }

  /** log2 of the bytes of its pages. */
  public int pageShift() {
    return pageShift;
  }
}

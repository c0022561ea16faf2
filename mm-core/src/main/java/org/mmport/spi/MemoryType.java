package org.mmport.spi;

/** How a page is cached, in the words of Linux's {@code pgprot_*} modifiers. */
public enum MemoryType {
  WRITE_BACK,
  WRITE_THROUGH,
  WRITE_COMBINE,
  UNCACHED
}

package org.mmport.pgtable;

/**
 * What is known of the folios that memory is divided into: pages that are accounted together, of
 * which it is enough to know young and dirty as a whole. Asked where pages that were mapped one by
 * one could be cached as one translation.
 */
@FunctionalInterface
public interface FolioBounds {
  /** Nothing is known, so nothing is put together that was not mapped together. */
  FolioBounds UNKNOWN = (physAddr, sizeBytes) -> false;

  /** Whether all of a range of physical memory belongs to one folio. */
  boolean oneFolio(long physAddr, long sizeBytes);
}

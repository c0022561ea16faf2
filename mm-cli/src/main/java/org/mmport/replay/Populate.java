package org.mmport.replay;

/** Which mappings have their pages at once. */
public enum Populate {
  /** Those that were asked for with MAP_POPULATE or MAP_LOCKED. */
  AS_TRACED,
  /** All, for traces of calls alone, in which nothing is accessed: the most that can come of it. */
  ALL
}

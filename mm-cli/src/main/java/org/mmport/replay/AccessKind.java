package org.mmport.replay;

/** Lackey's letters for accesses. */
public enum AccessKind {
  /** {@code I}. */
  FETCH,
  /** {@code L}. */
  LOAD,
  /** {@code S}. */
  STORE,
  /** {@code M}: a load, and a store to the same place. */
  MODIFY
}

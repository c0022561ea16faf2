package org.mmport.conformance.qemu;

import java.util.Optional;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.spi.Level;

/** What the control registers of a CPU make of entries; from the manual. */
interface CpuState {
  /** The operation by which a guest gets its CPU into this state, everything flushed. */
  GuestOp operation();

  /** For people: which of the checks are on. */
  String words();

  /** More words for an access' operation; 0 where there is nothing to say. */
  default long accessFlags() {
    return 0;
  }

  /** What {@link org.mmport.spi.Rights} that all levels leave are worth in this state. */
  int rights(int rights);

  /** What of the rights that a table entry leaves is regarded in this state. */
  default int tableRights(int rights) {
    return rights;
  }

  /** What of the rights that a leaf leaves is granted in this state. */
  default int leafRights(int rights, long raw) {
    return rights;
  }

  /** Why hardware in this state refuses a valid entry that another state may accept. */
  Optional<FaultCause> refuses(long raw, Level level);

  /** An entry as hardware leaves it after it led somewhere. */
  long used(long raw, Level level);

  /** A leaf as hardware leaves it after a write through it. */
  long written(long raw, Level level);

  /** Whether writes through such a leaf show in it. */
  default boolean tracksWrites(long raw) {
    return true;
  }
}

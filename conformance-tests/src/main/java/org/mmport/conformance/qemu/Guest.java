package org.mmport.conformance.qemu;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.FlushRequest;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;

/** Everything that the judges must know of an architecture, from its manual. */
interface Guest {
  /** The machine that QEMU must be. */
  QemuSpec spec();

  /** Entries of root tables that the guest's own code needs. */
  Set<Integer> takenRootEntries();

  /** Whether the guest's own code lies at an address, or may. */
  boolean isOwn(long va);

  /** Any address that instructions can name. */
  long anyAddress(Random random);

  /** RAM that tables may lie in. */
  PhysRange tables();

  /** RAM that leaves may map. */
  PhysRange data();

  /** Makes the CPU use tables without any guest code, as far as the monitor's questions go. */
  void look(QemuMachine machine, List<Long> roots);

  /** What the monitor says that an address translates to. */
  OptionalLong translate(QemuMachine machine, long va);

  /** All leaves, where the monitor can list them. */
  Optional<List<ListedPage>> list(QemuMachine machine);

  /** Loads the guest's code and lets it run, under tables of its own. */
  CoProcessor boot(QemuMachine machine);

  /** Hooks what the guest needs into a root table. */
  void hook(PhysicalMemory memory, List<Long> roots);

  /** The operation that makes the CPU use tables. */
  GuestOp use(List<Long> roots);

  /** The operations that a flush asks for. */
  List<GuestOp> flush(FlushRequest request, List<Long> roots);

  /** States of the CPU to try, the usual one first. */
  List<CpuState> states();

  /** The reply to an access with that result; {@code value} is what lies at the address. */
  GuestReply reply(AccessResult result, Access access, CpuState cpu, long va, int value);

  /** The reply that QEMU gives instead, against the manual, and the oddity's id. */
  default Optional<OddReply> oddReply(
      GuestReply expected, AccessResult result, Access access, CpuState cpu) {
    return Optional.empty();
  }

  /** The oddity that makes QEMU leave {@code found} in an entry instead of {@code expected}. */
  default Optional<String> oddMark(long expected, long found, Level level) {
    return Optional.empty();
  }

  /** The oddity by which an access ends as before a change of such a leaf that was flushed. */
  default Optional<String> oddStale(Probe probe, Level level) {
    return Optional.empty();
  }

  /**
   * Takes back what QEMU leaves in tables against the manual and what would make hardware refuse
   * them; the oddity if it did.
   */
  default Optional<String> tidy(PhysicalMemory memory, List<Long> roots) {
    return Optional.empty();
  }

  /** The oddity that makes QEMU's list show another physical address than the expected one. */
  default Optional<String> oddListing(long expected, long found) {
    return Optional.empty();
  }

  /** What to ask mappings for. */
  List<Protection> protections();

  /** What a fresh mapping with a protection must allow, with all of the CPU's checks on. */
  int rights(Protection protection);

  /** Machine code that puts a number where replies take their value from, and ends the fetch. */
  byte[] code(int number);

  /** A reply for people. */
  String words(GuestReply reply);

  /**
   * QEMU's own reply.
   *
   * @param oddity its id in the list of oddities
   */
  record OddReply(String oddity, GuestReply reply) {}
}

package org.mmport.conformance.qemu;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.Walk;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** Everything that the judges must know of an architecture, from its manual. */
interface Guest {
  /** Id of the variant whose tables it is under. */
  String variant();

  /** The machine that QEMU must be. */
  QemuSpec spec();

  /** Whether an address lies under a root entry that the guest's own code needs. */
  boolean isOwn(long va);

  /** Any address that instructions can name. */
  long anyAddress(Random random);

  /** RAM that tables may lie in. */
  PhysRange tables();

  /** RAM that leaves may map. */
  PhysRange data();

  /** Makes the CPU use tables without any guest code, as far as the monitor's questions go. */
  void look(QemuMachine machine, List<Long> roots);

  /** All leaves, where the monitor can list them. */
  default Optional<List<ListedPage>> list(QemuMachine machine) {
    return Optional.empty();
  }

  /** Loads the guest's code and lets it run, under tables of its own. */
  CoProcessor boot(QemuMachine machine);

  /** Hooks what the guest needs into a root table. */
  void hook(PhysicalMemory memory, List<Long> roots);

  /**
   * Bits of table entries that random tables leave alone: what they make of an entry is no error,
   * but nothing that the variant has.
   */
  default long fixedTableBits(Level level) {
    return 0;
  }

  /** The operation that makes the CPU use tables. */
  GuestOp use(List<Long> roots);

  /** The operations that a flush asks for. */
  List<GuestOp> flush(FlushRequest request, List<Long> roots);

  /** The operation that drops whatever is cached of an address, more or less what it says. */
  default GuestOp forget(long va) {
    return GuestOp.invalidate(va);
  }

  /** States of the CPU to try, the usual one first. */
  List<CpuState> states();

  /** The reply to an access with that result; {@code value} is what lies at the address. */
  GuestReply reply(AccessResult result, Access access, CpuState cpu, long va, int value);

  /**
   * The oddity that makes QEMU reply {@code found} to an access; {@code value} is what lies where
   * it ends, or would.
   */
  default Optional<String> oddReply(
      Probe probe, AccessResult result, CpuState cpu, int value, GuestReply found) {
    return Optional.empty();
  }

  /** The oddity that makes the monitor translate to {@code found} what a walk ends otherwise. */
  default Optional<String> oddTranslation(Walk walk, OptionalLong found) {
    return Optional.empty();
  }

  /** The oddity that makes QEMU leave {@code found} in an entry instead of {@code expected}. */
  default Optional<String> oddMark(long expected, long found, Level level) {
    return Optional.empty();
  }

  /** The oddity by which an access ends as before a change at that level that was flushed so. */
  default Optional<String> oddStale(Probe probe, Level level, FlushScope scope) {
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

  /** Whose tables mean the same for leaves of all sizes. */
  default List<TableOwner> owners() {
    return List.of(TableOwner.values());
  }

  /**
   * What a mapping with a protection must allow once it is dirty, in tables of that owner, before
   * control bits are regarded.
   */
  int rights(Protection protection, TableOwner tables);

  /** Whether hardware refuses writes to a page that may be written, until it is made dirty. */
  default boolean refusesFirstWrite() {
    return false;
  }

  /** Whether a fresh mapping with a protection is dirty, though nobody has written. */
  default boolean isBornDirty(Protection protection) {
    return false;
  }

  /** Whether a mapping with a protection can be asked for at an address. */
  default boolean fits(Protection protection, long va) {
    return true;
  }

  /** Whether the first write to any page makes its leaf dirty. */
  default boolean tracksWrites(long va) {
    return true;
  }

  /** How many machines share the work on a variant. */
  default int machines() {
    return 1;
  }

  /** Whether leaves above the last level are to be tried where the variant has them. */
  default boolean hasHugeLeaves() {
    return true;
  }

  /** Why hardware refuses what {@link Protection#PAGE_NONE} maps. */
  default FaultCause ofNone() {
    return FaultCause.NOT_PRESENT;
  }

  /** A reply without what a fault says of the level at which it arose. */
  default GuestReply withoutLevel(GuestReply reply) {
    return reply;
  }

  /** Machine code that puts a number where replies take their value from, and ends the fetch. */
  byte[] code(int number);

  /** A reply for people. */
  String words(GuestReply reply);
}

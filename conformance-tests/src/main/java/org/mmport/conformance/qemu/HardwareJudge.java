package org.mmport.conformance.qemu;

import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mmport.spi.MmuVariant;

/**
 * QEMU's opinion of a variant. Each judgement starts a QEMU of its own, and throws {@link
 * HardwareDiffers} where hardware and port disagree.
 */
public final class HardwareJudge {
  private static final Map<String, Guest> GUESTS =
      Stream.of(
              Stream.of(X86Mode.values()).map(X86Guest::new),
              Stream.of(Arm64Regime.values()).map(Arm64Guest::new),
              Stream.of(
                  new Ppc64RadixGuest("ppc64/radix-4k", 12),
                  new Ppc64RadixGuest("ppc64/radix-64k", 16)))
          .<Guest>flatMap(guests -> guests)
          .collect(Collectors.toMap(Guest::variant, guest -> guest));

  private final MmuVariant variant;
  private final Guest guest;

  private HardwareJudge(MmuVariant variant, Guest guest) {
    this.variant = variant;
    this.guest = guest;
  }

  /** The judge of a variant; empty where no machine of QEMU is known to run it. */
  public static Optional<HardwareJudge> of(MmuVariant variant) {
    return Optional.ofNullable(GUESTS.get(variant.id()))
        .map(guest -> new HardwareJudge(variant, guest));
  }

  /** The command that must be installed. */
  public String binary() {
    return guest.spec().binary();
  }

  /** Whether it is. */
  public boolean isInstalled() {
    return guest.spec().find().isPresent();
  }

  /** Every address, asked one by one. */
  public void translations(String clause, Random random) {
    judge(clause, (machine, odd) -> new TranslationJudge(variant, guest, machine, odd).ask(random));
  }

  /** The list of all that is mapped. Empty where QEMU cannot list what it sees. */
  public boolean listing(String clause, Random random) {
    boolean[] listed = new boolean[1];
    judge(
        clause,
        (machine, odd) -> {
          listed[0] = new TranslationJudge(variant, guest, machine, odd).list(random);
        });
    return listed[0];
  }

  /** Accesses of every kind in every state of the CPU: how they end. */
  public void outcomes(String clause, Random random) {
    judge(clause, (machine, odd) -> new AccessJudge(variant, guest, machine, odd).outcomes(random));
  }

  /** The same: the marks that they leave in the tables. */
  public void marks(String clause, Random random) {
    judge(clause, (machine, odd) -> new AccessJudge(variant, guest, machine, odd).marks(random));
  }

  /** Entries changed while the TLB holds them, and flushed as the port's rules ask for. */
  public void staleEntries(String clause, Random random) {
    judge(clause, (machine, odd) -> new StaleJudge(variant, guest, machine, odd).judge(random));
  }

  /** What page tables are asked to map, through the core and its gather. */
  public void builtTables(String clause, Random random) {
    judge(clause, (machine, odd) -> new BuiltJudge(variant, guest, machine, odd).judge(random));
  }

  private interface Judgement {
    void on(QemuMachine machine, Oddities oddities);
  }

  private void judge(String clause, Judgement judgement) {
    Oddities oddities = new Oddities(clause, variant.id());
    try (QemuMachine machine = QemuMachine.start(guest.spec())) {
      String version = machine.version();
      judgement.on(machine, oddities);
      oddities.requireAllMet(version);
    }
  }
}

package org.mmport.conformance.qemu;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
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

  /** Hash tables are judged on both kinds of CPU that have them. */
  private static final Set<String> HASHED =
      Set.of("ppc64/hash-4k", "ppc64/hash-64k", "ppc64/hash-4k-2006", "ppc64/hash-64k-2006");

  private final MmuVariant variant;
  private final List<? extends Opinion> opinions;

  private HardwareJudge(MmuVariant variant, List<? extends Opinion> opinions) {
    this.variant = variant;
    this.opinions = opinions;
  }

  /** The judge of a variant; empty where no machine of QEMU is known to run it. */
  public static Optional<HardwareJudge> of(MmuVariant variant) {
    Optional<List<? extends Opinion>> trees =
        Optional.ofNullable(GUESTS.get(variant.id()))
            .map(guest -> List.of(new TreeOpinion(variant, guest)));
    return trees
        .or(
            () ->
                HASHED.contains(variant.id())
                    ? Optional.of(
                        Stream.of(Ppc64HashCpu.values())
                            .map(cpu -> new HashOpinion(variant, cpu))
                            .toList())
                    : Optional.empty())
        .map(opinions -> new HardwareJudge(variant, opinions));
  }

  /** The command that must be installed. */
  public String binary() {
    return opinions.getFirst().spec().binary();
  }

  /** Whether it is. */
  public boolean isInstalled() {
    return opinions.getFirst().spec().find().isPresent();
  }

  /** Every address, asked one by one. */
  public void translations(String clause, Random random) {
    judge(clause, (opinion, machine, odd) -> opinion.translations(machine, odd, random));
  }

  /** The list of all that is mapped. Empty where QEMU cannot list what it sees. */
  public boolean listing(String clause, Random random) {
    boolean[] listed = new boolean[1];
    judge(
        clause,
        (opinion, machine, odd) -> {
          listed[0] = opinion.listing(machine, odd, random);
        });
    return listed[0];
  }

  /** Accesses of every kind in every state of the CPU: how they end. */
  public void outcomes(String clause, Random random) {
    judge(clause, (opinion, machine, odd) -> opinion.outcomes(machine, odd, random));
  }

  /** The same: the marks that they leave in the tables. */
  public void marks(String clause, Random random) {
    judge(clause, (opinion, machine, odd) -> opinion.marks(machine, odd, random));
  }

  /** Entries changed while the TLB holds them, and flushed as the port's rules ask for. */
  public void staleEntries(String clause, Random random) {
    judge(clause, (opinion, machine, odd) -> opinion.staleEntries(machine, odd, random));
  }

  /** What page tables are asked to map, through the core and its gather. */
  public void builtTables(String clause, Random random) {
    judge(clause, (opinion, machine, odd) -> opinion.builtTables(machine, odd, random));
  }

  private interface Judgement {
    void of(Opinion opinion, QemuMachine machine, Oddities oddities);
  }

  private void judge(String clause, Judgement judgement) {
    Oddities oddities = new Oddities(clause, variant.id());
    String version = "";
    for (Opinion opinion : opinions) {
      try (QemuMachine machine = QemuMachine.start(opinion.spec())) {
        version = machine.version();
        judgement.of(opinion, machine, oddities);
      }
    }
    oddities.requireAllMet(version);
  }
}

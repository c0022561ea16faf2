package org.mmport.conformance.qemu;

import java.util.Random;
import org.mmport.spi.MmuVariant;

/** Of an MMU that looks into a hash table, which is filled from trees. */
record HashOpinion(MmuVariant variant, Ppc64HashCpu cpu) implements Opinion {
  @Override
  public QemuSpec spec() {
    return cpu.spec();
  }

  private HashAccessJudge table(QemuMachine machine, Oddities oddities) {
    return new HashAccessJudge(variant, new Ppc64HashGuest(cpu), machine, oddities);
  }

  @Override
  public void translations(QemuMachine machine, Oddities oddities, Random random) {
    table(machine, oddities).ask(random);
  }

  @Override
  public boolean listing(QemuMachine machine, Oddities oddities, Random random) {
    return false;
  }

  @Override
  public void outcomes(QemuMachine machine, Oddities oddities, Random random) {
    table(machine, oddities).outcomes(random);
  }

  @Override
  public void marks(QemuMachine machine, Oddities oddities, Random random) {
    table(machine, oddities).marks(random);
  }

  private Ppc64HashedTreeGuest trees() {
    return new Ppc64HashedTreeGuest(variant, new Ppc64HashGuest(cpu));
  }

  @Override
  public void staleEntries(QemuMachine machine, Oddities oddities, Random random) {
    new HashStaleJudge(variant, trees(), machine, oddities, random).judge();
  }

  @Override
  public void builtTables(QemuMachine machine, Oddities oddities, Random random) {
    new BuiltJudge(variant, trees(), machine, oddities).judge(random);
  }
}

package org.mmport.conformance.qemu;

import java.util.Random;
import org.mmport.spi.MmuVariant;

/** Of an MMU that walks trees. */
record TreeOpinion(MmuVariant variant, Guest guest) implements Opinion {
  @Override
  public QemuSpec spec() {
    return guest.spec();
  }

  @Override
  public void translations(QemuMachine machine, Oddities oddities, Random random) {
    new TranslationJudge(variant, guest, machine, oddities).ask(random);
  }

  @Override
  public boolean listing(QemuMachine machine, Oddities oddities, Random random) {
    return new TranslationJudge(variant, guest, machine, oddities).list(random);
  }

  @Override
  public void outcomes(QemuMachine machine, Oddities oddities, Random random) {
    new AccessJudge(variant, guest, machine, oddities).outcomes(random);
  }

  @Override
  public void marks(QemuMachine machine, Oddities oddities, Random random) {
    new AccessJudge(variant, guest, machine, oddities).marks(random);
  }

  @Override
  public void staleEntries(QemuMachine machine, Oddities oddities, Random random) {
    new StaleJudge(variant, guest, machine, oddities).judge(random);
  }

  @Override
  public void builtTables(QemuMachine machine, Oddities oddities, Random random) {
    new BuiltJudge(variant, guest, machine, oddities).judge(random);
  }
}

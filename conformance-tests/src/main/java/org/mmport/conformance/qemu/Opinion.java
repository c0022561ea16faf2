package org.mmport.conformance.qemu;

import java.util.Random;

/** What one machine of QEMU has to say of a variant: a method for each clause. */
interface Opinion {
  QemuSpec spec();

  void translations(QemuMachine machine, Oddities oddities, Random random);

  /** Whether the machine could list at all. */
  boolean listing(QemuMachine machine, Oddities oddities, Random random);

  void outcomes(QemuMachine machine, Oddities oddities, Random random);

  void marks(QemuMachine machine, Oddities oddities, Random random);

  void staleEntries(QemuMachine machine, Oddities oddities, Random random);

  void builtTables(QemuMachine machine, Oddities oddities, Random random);
}

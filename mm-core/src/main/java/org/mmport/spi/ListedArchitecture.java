package org.mmport.spi;

import java.util.List;
import java.util.Set;

/** A port that is its list of variants, and what ELF cores of it are told by. */
public abstract class ListedArchitecture implements Architecture {
  private final List<MmuVariant> variants;
  private final Set<Integer> elfMachines;
  private final List<CpuNote> cpuNotes;

  private ListedArchitecture(
      List<MmuVariant> variants, Set<Integer> elfMachines, List<CpuNote> cpuNotes) {
    this.variants = List.copyOf(variants);
    this.elfMachines = elfMachines;
    this.cpuNotes = cpuNotes;
  }

  /** One whose cores have no note that names a root. */
  protected ListedArchitecture(List<MmuVariant> variants, int elfMachine) {
    this(variants, Set.of(elfMachine), List.of());
  }

  /** One whose cores carry registers in a note. */
  protected ListedArchitecture(List<MmuVariant> variants, CpuNote note) {
    this(variants, Set.of(note.elfMachine()), List.of(note));
  }

  @Override
  public final List<MmuVariant> variants() {
    return variants;
  }

  @Override
  public final Set<Integer> elfMachines() {
    return elfMachines;
  }

  @Override
  public final List<CpuNote> cpuNotes() {
    return cpuNotes;
  }
}

package org.mmport.spi;

import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Named registers of a CPU, as a dump, a debugger or a person gives them: lower-case names as gdb
 * spells them ({@code cr3}, {@code ttbr1_el1}), and facts from a kernel's VMCOREINFO under their
 * own spelling ({@code SYMBOL(swapper_pg_dir)}).
 */
public record Registers(Map<String, Long> values) {
  public static final Registers NONE = new Registers(Map.of());

  public Registers {
    values = Map.copyOf(values);
  }

  /** One register. */
  public static Registers of(String name, long value) {
    return new Registers(Map.of(name, value));
  }

  public OptionalLong get(String name) {
    Long value = values.get(name);
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** The first of these that is known: one thing that has had several names. */
  public OptionalLong first(String... names) {
    return Arrays.stream(names).map(this::get).flatMapToLong(OptionalLong::stream).findFirst();
  }

  /** The same where the names stand in one text: {@code tcr_el1|tcr}. */
  public OptionalLong any(String names) {
    return first(names.split("\\|", -1));
  }

  /** Both; where both name a register, the other's value counts. */
  public Registers and(Registers other) {
    Map<String, Long> both = new TreeMap<>(values);
    both.putAll(other.values);
    return new Registers(both);
  }
}

package org.mmport.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.mmport.spi.Architecture;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.TablePlacement;

/** The variants on the class path, and what each of them is compared with. */
final class Variants {
  private static final String BORROWED = "x86_64/in-";

  private Variants() {}

  static List<MmuVariant> all() {
    List<MmuVariant> all = new ArrayList<>();
    for (Architecture architecture : ServiceLoader.load(Architecture.class)) {
      all.addAll(architecture.variants());
    }
    return all;
  }

  /** A variant by its id, or by the id that {@link #inShapeOf} gives. */
  static MmuVariant of(String id) {
    for (MmuVariant variant : all()) {
      if (variant.id().equals(id)) {
        return variant;
      }
      if (inShapeOf(variant.id()).equals(id)) {
        return borrowed(id, variant.geometry());
      }
    }
    throw new IllegalStateException(id + " is not on the class path");
  }

  /** How many levels are not folded. */
  static int depth(MmuVariant variant) {
    return (int) variant.geometry().levels().stream().filter(level -> !level.isFolded()).count();
  }

  /** What a variant is measured against: x86_64 of the same depth, or its entries if none is. */
  static String yardstick(MmuVariant variant) {
    return switch (depth(variant)) {
      case 4 -> "x86_64/4level";
      case 5 -> "x86_64/la57";
      default -> inShapeOf(variant.id());
    };
  }

  /** x86_64's entries and TLB rules in tables that have another variant's shape and byte order. */
  static String inShapeOf(String id) {
    return BORROWED + id.replace('/', '-');
  }

  private static MmuVariant borrowed(String id, PagingGeometry shape) {
    MmuVariant own = of("x86_64/4level");
    LevelGeometry[] levels =
        shape.levels().stream()
            .filter(level -> !level.isFolded())
            .map(level -> widened(level, own.geometry().entryBytes()))
            .toArray(LevelGeometry[]::new);
    PagingGeometry geometry =
        new PagingGeometry(
            shape.pageShift(),
            shape.vaLayout(),
            own.geometry().paBits(),
            shape.byteOrder(),
            own.geometry().entryBytes(),
            own.geometry().storeBytes(),
            PagingGeometry.levels(levels));
    return new MmuVariant(
        id, geometry, own.features(), own.format(), own.tlbRules(), own.rootFinder());
  }

  /** x86_64's entries name tables of 4 KiB or more. */
  private static LevelGeometry widened(LevelGeometry level, int entryBytes) {
    int needed =
        Math.max(4096, Math.max(entryBytes << level.indexBits(), level.placement().sizeBytes()));
    boolean leaf = level.level() == Level.PTE || level.leafAllowed();
    return new LevelGeometry(
        level.level(), level.indexBits(), leaf, TablePlacement.natural(needed));
  }
}

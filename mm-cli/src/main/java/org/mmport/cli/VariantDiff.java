package org.mmport.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaRegion;

/** Two variants, row by row, what is equal too. */
record VariantDiff(MmuVariant first, MmuVariant second) {
  /** Every row, in order of sections. */
  List<DiffRow> rows() {
    List<DiffRow> rows = new ArrayList<>(geometry());
    for (EntryKind kind : EntryKind.values()) {
      rows.addAll(new EntryDiff(kind, first, second).rows());
    }
    rows.addAll(features());
    rows.addAll(duties());
    return List.copyOf(rows);
  }

  private List<DiffRow> geometry() {
    DiffRows rows = new DiffRows(DiffSection.GEOMETRY, first, second);
    rows.add("levels", of(g -> new DiffFact.Count(realLevels(g))));
    rows.add("page-bytes", of(g -> new DiffFact.Size(g.pageBytes())));
    rows.add("va-bits", of(g -> new DiffFact.Count(g.vaBits())));
    rows.add("pa-bits", of(g -> new DiffFact.Count(g.paBits())));
    rows.add("byte-order", of(g -> new DiffFact.Word(byteOrder(g))));
    rows.add("entry-bytes", of(g -> new DiffFact.Size(g.entryBytes())));
    rows.add("store-bytes", of(g -> new DiffFact.Size(g.storeBytes())));
    for (Level level : Level.values()) {
      rows.add(level, "shift", at(level, g -> new DiffFact.Count(g.shift(level))));
      rows.add(level, "entries", at(level, g -> new DiffFact.Count(g.at(level).entries())));
      rows.add(level, "table-bytes", at(level, g -> new DiffFact.Size(g.tableBytes(level))));
      rows.add(level, "placement", at(level, g -> new DiffFact.Placement(g.at(level).placement())));
      rows.add(level, "leaves", v -> present(v.geometry().at(level).leafAllowed()));
      rows.add(level, "leaf-pa-bits", v -> leafPaBits(v.geometry().at(level)));
      rows.add(level, "run-entries", v -> runEntries(v, level));
    }
    rows.add("roots", of(g -> new DiffFact.Count(g.vaLayout().roots())));
    for (int i = 0; i < Math.max(regions(first).size(), regions(second).size()); i++) {
      String item = "region-" + i + "-";
      rows.add(item + "name", region(i, r -> new DiffFact.Word(r.name())));
      rows.add(item + "first", region(i, r -> new DiffFact.Word(HexAddress.of(r.firstVa()))));
      rows.add(item + "last", region(i, r -> new DiffFact.Word(HexAddress.of(r.lastVa()))));
      rows.add(item + "root", region(i, r -> new DiffFact.Count(r.root())));
    }
    return rows.rows();
  }

  private List<DiffRow> features() {
    DiffRows rows = new DiffRows(DiffSection.FEATURES, first, second);
    for (MmuFeature feature : MmuFeature.values()) {
      rows.add(feature.name(), v -> present(v.has(feature)));
    }
    return rows.rows();
  }

  private List<DiffRow> duties() {
    DiffRows rows = new DiffRows(DiffSection.DUTIES, first, second);
    for (EntryChange change : EntryChange.values()) {
      if (change.isAtRoot()) {
        rows.add(
            change.word(), v -> change.duty(v, v.geometry().rootLevel()).map(DiffFact.Duty::new));
        continue;
      }
      for (Level level : Level.values()) {
        rows.add(level, change.word(), v -> change.duty(v, level).map(DiffFact.Duty::new));
      }
    }
    return rows.rows();
  }

  private static Function<MmuVariant, Optional<? extends DiffFact>> of(
      Function<PagingGeometry, DiffFact> fact) {
    return variant -> Optional.of(fact.apply(variant.geometry()));
  }

  private static Function<MmuVariant, Optional<? extends DiffFact>> at(
      Level level, Function<PagingGeometry, DiffFact> fact) {
    return variant ->
        Optional.of(variant.geometry())
            .filter(geometry -> !geometry.at(level).isFolded())
            .map(fact);
  }

  private static Function<MmuVariant, Optional<? extends DiffFact>> region(
      int index, Function<VaRegion, DiffFact> fact) {
    return variant -> regions(variant).stream().skip(index).findFirst().map(fact);
  }

  private static Optional<DiffFact> present(boolean there) {
    return there ? Optional.of(new DiffFact.Present()) : Optional.empty();
  }

  /** Where leaves of a level reach elsewhere than pages do. */
  private static Optional<DiffFact> leafPaBits(LevelGeometry level) {
    return level.leafPaBits() == 0
        ? Optional.empty()
        : Optional.of(new DiffFact.Count(level.leafPaBits()));
  }

  /** How many leaves of a level may be cached as one. */
  private static Optional<DiffFact> runEntries(MmuVariant variant, Level level) {
    int entries = variant.batchOps().runEntries(level);
    return entries == 1 ? Optional.empty() : Optional.of(new DiffFact.Count(entries));
  }

  private static List<VaRegion> regions(MmuVariant variant) {
    return variant.geometry().vaLayout().regions();
  }

  private static long realLevels(PagingGeometry geometry) {
    return geometry.levels().stream().filter(level -> !level.isFolded()).count();
  }

  private static String byteOrder(PagingGeometry geometry) {
    return geometry.byteOrder().toString().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}

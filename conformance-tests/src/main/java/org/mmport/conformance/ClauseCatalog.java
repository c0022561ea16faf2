package org.mmport.conformance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All clauses, taken from the annotations of the classes that hold them. */
final class ClauseCatalog {
  private static final List<Class<?>> CLASSES =
      List.of(
          GeoClauses.class,
          FmtLawClauses.class,
          FmtLeafClauses.class,
          FmtModifyClauses.class,
          FmtStateClauses.class,
          FmtTableClauses.class,
          FmtSwapClauses.class,
          FmtGoldenClauses.class,
          FmtMarkClauses.class,
          FoldClauses.class,
          WalkClauses.class,
          WalkFaultClauses.class,
          MapClauses.class,
          MapMarkClauses.class,
          MapRefusalClauses.class,
          FlushRuleClauses.class,
          FlushClauses.class,
          BatchClauses.class,
          PteBatchClauses.class,
          ContClauses.class,
          ImgClauses.class,
          SegClauses.class,
          HashClauses.class,
          HashFaultClauses.class,
          TlbClauses.class,
          TlbFlushClauses.class,
          FaultClauses.class,
          CowClauses.class,
          LazyClauses.class,
          LazyChangeClauses.class,
          LazySharedClauses.class,
          LazyTableClauses.class,
          ReclaimClauses.class,
          SwapOffClauses.class,
          ShmemClauses.class,
          FolioClauses.class,
          FileFolioClauses.class,
          ThpClauses.class,
          ThpShareClauses.class,
          ThpFileClauses.class,
          ThpFileCollapseClauses.class,
          KhugepagedClauses.class,
          ForkClauses.class,
          MremapClauses.class,
          MlockClauses.class,
          MadvClauses.class,
          NumaClauses.class,
          RangeClauses.class,
          AcctClauses.class,
          LockClauses.class,
          LockOutcomeClauses.class,
          KernClauses.class,
          KernChangeClauses.class,
          HwClauses.class);

  static final List<ClauseInfo> ALL = all();
  private static final List<String> AREAS = ALL.stream().map(ClauseInfo::area).distinct().toList();
  private static final Map<ClauseInfo, List<ClauseInfo>> PREMISES =
      ALL.stream().collect(Collectors.toMap(Function.identity(), ClauseCatalog::findPremises));

  private ClauseCatalog() {}

  /** The clause of that id. */
  static ClauseInfo byId(String id) {
    return ALL.stream()
        .filter(clause -> clause.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no clause " + id));
  }

  /** What must not fail for a clause to mean anything, whole areas clause by clause. */
  static List<ClauseInfo> premises(ClauseInfo clause) {
    List<ClauseInfo> known = PREMISES.get(clause);
    return known == null ? findPremises(clause) : known;
  }

  private static List<ClauseInfo> findPremises(ClauseInfo clause) {
    return clause.restsOn().stream()
        .flatMap(
            name ->
                areas().contains(name)
                    ? ALL.stream().filter(other -> other.area().equals(name))
                    : Stream.of(byId(name)))
        .toList();
  }

  /** The areas in the order of the suite. */
  static List<String> areas() {
    return AREAS;
  }

  private static List<ClauseInfo> all() {
    List<ClauseInfo> found = new ArrayList<>();
    for (Class<?> holder : CLASSES) {
      Stream.of(holder.getDeclaredMethods())
          .filter(method -> method.isAnnotationPresent(Clause.class))
          .map(ClauseInfo::of)
          // A class tells its methods in any order.
          .sorted(Comparator.comparing(ClauseInfo::id))
          .forEach(found::add);
    }
    // Areas in the order of their classes; which class of an area holds a clause does not matter.
    List<String> areas = found.stream().map(ClauseInfo::area).distinct().toList();
    found.sort(
        Comparator.<ClauseInfo>comparingInt(clause -> areas.indexOf(clause.area()))
            .thenComparing(ClauseInfo::id));
    return List.copyOf(found);
  }
}

package org.mmport.conformance;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** All clauses, taken from the annotations of the classes that hold them. */
final class ClauseCatalog {
  private static final List<Class<?>> CLASSES =
      List.of(
          GeoClauses.class,
          FmtLawClauses.class,
          FmtLeafClauses.class,
          FmtStateClauses.class,
          FmtTableClauses.class,
          FmtSwapClauses.class,
          FmtGoldenClauses.class,
          FoldClauses.class,
          WalkClauses.class,
          WalkFaultClauses.class,
          MapClauses.class,
          MapRefusalClauses.class,
          FlushRuleClauses.class,
          FlushClauses.class,
          ImgClauses.class);

  static final List<ClauseInfo> ALL = all();

  private ClauseCatalog() {}

  /** The areas in the order of the suite. */
  static List<String> areas() {
    return ALL.stream().map(ClauseInfo::area).distinct().toList();
  }

  private static List<ClauseInfo> all() {
    List<ClauseInfo> found = new ArrayList<>();
    for (Class<?> holder : CLASSES) {
      Stream.of(holder.getDeclaredMethods())
          .filter(method -> method.isAnnotationPresent(Clause.class))
          .map(ClauseCatalog::info)
          .sorted(Comparator.comparing(ClauseInfo::id))
          .forEach(found::add);
    }
    return List.copyOf(found);
  }

  private static ClauseInfo info(Method method) {
    return ClauseInfo.of(method, method.getAnnotation(Clause.class));
  }
}

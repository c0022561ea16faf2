package org.mmport.conformance;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.MmuFeature;

/**
 * One clause of the suite.
 *
 * @param id area and number, such as {@code FMT-03}
 * @param text what holds
 * @param source where that comes from
 * @param check what to look at when it fails
 * @param requires features that a variant must have for it
 * @param absent features that a variant must not have for it
 * @param restsOn ids of clauses that must not fail for this one to mean anything
 */
public record ClauseInfo(
    String id,
    String text,
    String source,
    String check,
    List<MmuFeature> requires,
    List<MmuFeature> absent,
    List<String> restsOn,
    Method method) {

  static ClauseInfo of(Method method) {
    Clause clause = method.getAnnotation(Clause.class);
    List<String> restsOn = new ArrayList<>(premises(method.getDeclaringClass()));
    restsOn.addAll(premises(method));
    restsOn.remove(clause.id());
    return new ClauseInfo(
        clause.id(),
        clause.text(),
        clause.source(),
        clause.check(),
        List.of(clause.requires()),
        List.of(clause.absent()),
        restsOn.stream().distinct().toList(),
        method);
  }

  private static List<String> premises(AnnotatedElement element) {
    RestsOn restsOn = element.getAnnotation(RestsOn.class);
    return restsOn == null ? List.of() : List.of(restsOn.value());
  }

  /** The part of the id before the dash: GEO, FMT, FOLD, WALK, MAP, FLUSH, IMG or HW. */
  public String area() {
    return id.substring(0, id.indexOf('-'));
  }

  @Override
  public String toString() {
    return id;
  }
}

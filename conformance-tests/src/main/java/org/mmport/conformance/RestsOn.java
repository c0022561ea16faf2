package org.mmport.conformance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Clauses that must not fail for this one, or for all of this class, to mean anything. Where one
 * fails, a clause that rests on it is not applicable and says so: one defect, one failure. An
 * area's name stands for all of its clauses.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
@interface RestsOn {
  String[] value();
}

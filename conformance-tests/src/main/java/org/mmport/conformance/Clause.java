package org.mmport.conformance;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.mmport.spi.MmuFeature;

/** Marks a static method that takes a {@link ClauseContext} as one clause of the suite. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Clause {
  /** Area and number, such as {@code FMT-03}; never given to another clause again. */
  String id();

  /** What holds, as one sentence. */
  String text();

  /** Where that comes from: a requirement, a check of the kernel, a manual, a class of bugs. */
  String source();

  /** What to look at when it fails. */
  String check();

  /** Features without which the clause has nothing to say. */
  MmuFeature[] requires() default {};

  /** Features with which the clause has nothing to say: it is about their refusal. */
  MmuFeature[] absent() default {};
}

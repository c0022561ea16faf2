/**
 * The conformance suite: clauses that every port must keep, and the engine that runs them on every
 * variant. It needs no test framework; {@link org.mmport.conformance.PortConformance} is a thin
 * bridge for JUnit, and all that a port needs is one class that extends it.
 *
 * <p>The judge shares no code with what it judges: what a port encodes is read back from memory
 * byte by byte with arithmetic of the suite's own, and what it decodes is compared with raw values
 * written by hand (golden rows).
 */
@NullMarked
package org.mmport.conformance;

import org.jspecify.annotations.NullMarked;

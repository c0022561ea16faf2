/**
 * Scenarios: what processes do to their memory, as a list of steps that can be written down, run on
 * any variant, made up at random, checked against a model, and cut down to what matters.
 */
@NullMarked
package org.mmport.scenario;

import org.jspecify.annotations.NullMarked;

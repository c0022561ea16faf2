/**
 * Explores in which order threads can do things to one another: a few bodies run one at a time, cut
 * at what {@link org.mmport.machine.Steps} are told, in every order up to a bound or in random
 * ones. See docs/design/interleaving.md.
 */
@NullMarked
package org.mmport.interleave;

import org.jspecify.annotations.NullMarked;

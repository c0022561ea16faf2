/**
 * Ways to have the child of a fork see what its parent has mapped, beside copying page tables entry
 * by entry at once.
 */
@NullMarked
package org.mmport.fork;

import org.jspecify.annotations.NullMarked;

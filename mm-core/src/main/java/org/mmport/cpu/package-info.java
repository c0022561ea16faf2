/**
 * CPUs that load page tables and use them: TLBs, caches of the walk, walkers that leave marks, and
 * flushes that do what was asked and no more.
 */
@NullMarked
package org.mmport.cpu;

import org.jspecify.annotations.NullMarked;

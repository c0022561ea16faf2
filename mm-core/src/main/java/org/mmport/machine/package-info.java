/**
 * The machine that page tables live in: physical memory, frames by NUMA node, and what is known of
 * each table.
 */
@NullMarked
package org.mmport.machine;

import org.jspecify.annotations.NullMarked;

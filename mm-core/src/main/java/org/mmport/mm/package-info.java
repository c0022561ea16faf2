/**
 * Memory management above page tables: what lies where in an address space, what is behind it, and
 * where pages are kept that memory has no room for.
 */
@NullMarked
package org.mmport.mm;

import org.jspecify.annotations.NullMarked;

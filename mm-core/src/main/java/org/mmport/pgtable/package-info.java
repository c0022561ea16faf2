/**
 * Page tables: a pure walker, the owner of a set of tables, and the gather that owes flushes.
 * Everything here is written once for all geometries; a folded level is passed through.
 */
@NullMarked
package org.mmport.pgtable;

import org.jspecify.annotations.NullMarked;

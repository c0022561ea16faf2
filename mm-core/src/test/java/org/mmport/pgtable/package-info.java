@NullMarked
package org.mmport.pgtable;

import org.jspecify.annotations.NullMarked;

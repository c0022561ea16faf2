@NullMarked
package org.mmport.mm;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.mmport.interleave;

import org.jspecify.annotations.NullMarked;

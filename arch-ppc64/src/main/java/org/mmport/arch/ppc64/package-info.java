@NullMarked
package org.mmport.arch.ppc64;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.mmport.arch.x86;

import org.jspecify.annotations.NullMarked;

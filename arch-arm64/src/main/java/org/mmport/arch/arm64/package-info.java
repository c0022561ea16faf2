@NullMarked
package org.mmport.arch.arm64;

import org.jspecify.annotations.NullMarked;

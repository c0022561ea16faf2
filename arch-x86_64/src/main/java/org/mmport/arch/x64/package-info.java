@NullMarked
package org.mmport.arch.x64;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.mmport.spi;

import org.jspecify.annotations.NullMarked;

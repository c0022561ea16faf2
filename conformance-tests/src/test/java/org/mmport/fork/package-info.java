@NullMarked
package org.mmport.fork;

import org.jspecify.annotations.NullMarked;

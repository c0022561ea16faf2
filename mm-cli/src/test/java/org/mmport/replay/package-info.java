@NullMarked
package org.mmport.replay;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.mmport.image;

import org.jspecify.annotations.NullMarked;

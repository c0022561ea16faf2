@NullMarked
package org.mmport.conformance;

import org.jspecify.annotations.NullMarked;

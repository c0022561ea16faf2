@NullMarked
package org.mmport.conformance.qemu;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.mmport.benchmarks;

import org.jspecify.annotations.NullMarked;

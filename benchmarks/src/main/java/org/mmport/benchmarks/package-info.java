/** What mmport's page tables cost beside the same work in C, on the same memory in the same run. */
@NullMarked
package org.mmport.benchmarks;

import org.jspecify.annotations.NullMarked;

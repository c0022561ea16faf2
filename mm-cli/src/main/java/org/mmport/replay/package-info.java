/**
 * Traces of real programs, taken with strace and valgrind's lackey, read line by line and done
 * again on machines of any variant.
 */
@NullMarked
package org.mmport.replay;

import org.jspecify.annotations.NullMarked;

/**
 * The command {@code mmport}: what the framework knows, for people at a terminal and for scripts.
 */
@NullMarked
package org.mmport.cli;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.mmport.cli;

import org.jspecify.annotations.NullMarked;

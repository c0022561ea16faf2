@NullMarked
package org.mmport.scenario;

import org.jspecify.annotations.NullMarked;

/** What mechanisms cost beside one another, counted on simulated machines of each variant. */
@NullMarked
package org.mmport.compare;

import org.jspecify.annotations.NullMarked;

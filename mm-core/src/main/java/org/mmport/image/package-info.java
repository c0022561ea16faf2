/**
 * Memory dumps: ELF cores as QEMU and kdump write them, and raw files. Mapped, never read whole;
 * every number in the file is checked against the file before it is used.
 */
@NullMarked
package org.mmport.image;

import org.jspecify.annotations.NullMarked;

/**
 * QEMU's MMUs as a judge of tables: physical memory is a file that QEMU has as its RAM, a small
 * guest does reads, writes and fetches under the tables that lie there, and what QEMU's hardware
 * answers is held against what the port says. The one place outside ports that knows architectures:
 * the control registers, fault codes and guest of each are in its {@link
 * org.mmport.conformance.qemu.Guest}, written from the manual and not from the port.
 */
@NullMarked
package org.mmport.conformance.qemu;

import org.jspecify.annotations.NullMarked;

package org.mmport.conformance.qemu;

/**
 * How an operation ended.
 *
 * @param vector which exception; each guest has one that means success
 * @param error the exception's code
 * @param address the faulting address, 0 where the exception has none
 * @param value what was read, or what the code that was fetched says of itself
 */
record GuestReply(long vector, long error, long address, long value) {}

package org.mmport.image;

/**
 * A VMCOREINFO text that was found in memory, not in a note.
 *
 * @param physAddr of its first byte
 */
public record FoundVmcoreInfo(long physAddr, VmcoreInfo info) {}

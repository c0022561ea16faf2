package org.mmport.image;

import java.lang.foreign.MemorySegment;

/**
 * One note of an ELF core.
 *
 * @param owner its name, without the closing zero
 * @param type its type, whose meaning the owner decides
 * @param contents its bytes, in the file
 */
public record ElfNote(String owner, int type, MemorySegment contents) {}

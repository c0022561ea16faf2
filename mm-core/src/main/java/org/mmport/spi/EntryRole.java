package org.mmport.spi;

/** What a field of an entry is for, as far as the core has a word for it. */
public enum EntryRole {
  VALID,
  WRITE,
  USER,
  YOUNG,
  DIRTY,
  /** Where the dirty bit goes while the entry is not writable, if hardware minds D there. */
  SAVED_DIRTY,
  GLOBAL,
  /** Global where hardware uses the entry, PROT_NONE where it does not. */
  GLOBAL_OR_PROTNONE,
  /** Present for Linux, kept from hardware. */
  PROTNONE,
  NO_EXEC,
  EXEC,
  /** Keeps the kernel from executing. */
  NO_KERNEL_EXEC,
  /** Keeps everybody from writing. */
  NO_WRITE,
  /** Keeps user code from reading and writing. */
  NO_USER,
  READ,
  LEAF,
  MEMORY_TYPE,
  FRAME,
  KEY,
  SPECIAL,
  SOFT_DIRTY,
  UFFD_WP,
  SWAP_TYPE,
  SWAP_OFFSET,
  SWAP_EXCLUSIVE,
  /** Anything else that means something to hardware or to the kernel. */
  OTHER,
  /** Free for software, ignored by hardware. */
  IGNORED,
  /** Must be zero; hardware faults where it is not. */
  RESERVED
}

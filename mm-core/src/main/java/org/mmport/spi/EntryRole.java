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
  /**
   * Not global where hardware uses the entry; where it does not, present for Linux all the same.
   */
  NOT_GLOBAL_OR_INVALIDATED,
  /** Present for Linux, made invalid for hardware while it changes. */
  INVALIDATED,
  /** Present for Linux, kept from hardware. */
  PROTNONE,
  /** Keeps from executing; beside NO_KERNEL_EXEC user code alone, whether it may read or not. */
  NO_EXEC,
  EXEC,
  /** Keeps the kernel from executing. */
  NO_KERNEL_EXEC,
  /**
   * Keeps everybody from writing. In leaves beside WRITE, which then says what may become writable:
   * set until the first write, so that its absence makes dirty (AP2 beside DBM of arm64). Hardware
   * takes it away by itself where WRITE is set.
   */
  NO_WRITE,
  /** WRITE beside NO_WRITE where hardware does not look at it, so that software takes that away. */
  SOFTWARE_WRITE,
  /** Keeps user code from reading and writing. */
  NO_USER,
  READ,
  /** Set in a leaf above PTE; where pages have it too, what is without it at PTE is no leaf. */
  LEAF,
  /** Clear in a leaf above PTE; set in a page's entry and in a table's. */
  PAGE_OR_TABLE,
  /** One of a run that hardware caches as one. */
  CONTIGUOUS,
  MEMORY_TYPE,
  /** Bits of a physical address, in place. */
  FRAME,
  /** Bits of a physical address that come above those in place. */
  FRAME_HIGH,
  /** How many index bits the table has that an entry points at (NLS of ppc64). */
  TABLE_BITS,
  KEY,
  SPECIAL,
  SOFT_DIRTY,
  UFFD_WP,
  SWAP_TYPE,
  SWAP_OFFSET,
  /** The same, inverted, as all addresses are in entries that are neither present nor zero. */
  SWAP_OFFSET_INVERTED,
  SWAP_EXCLUSIVE,
  /** Set in every swap entry. */
  SWAP_MARK,
  /** Anything else that means something to hardware or to the kernel. */
  OTHER,
  /** Free for software, ignored by hardware. */
  IGNORED,
  /** Must be zero; hardware faults where it is not. */
  RESERVED
}

package org.mmport.mm;

/** Told of every VMA that comes to be in an address space, or ceases to be. */
interface VmaListener {
  /** Of nobody's. */
  VmaListener NONE =
      new VmaListener() {
        @Override
        public void added(Vma vma) {
          // Nobody listens.
        }

        @Override
        public void removed(Vma vma) {
          // Nobody listens.
        }
      };

  void added(Vma vma);

  void removed(Vma vma);
}

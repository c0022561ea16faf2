package org.mmport.pgtable;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.WeakReference;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * Classes of a variant's own, made from templates.
 *
 * <p>A template's class file is defined anew, as a hidden class, for each variant, which it finds
 * in its class data. To the JIT format, geometry and TLB rules are then constants, whatever other
 * variants are loaded; a shared class would make every call to the format megamorphic. The same
 * goes for the objects that callers hold: a call to a variant's own class is one that the JIT can
 * see through. See docs/adr/0003-hidden-class-per-variant.md.
 */
final class VariantCode {
  private static final Map<MmuVariant, Map<Shape, WeakReference<VariantCode>>> DEFINED =
      new WeakHashMap<>();
  private static final MethodType ANY = MethodType.methodType(void.class);
  private static final MethodType WALKER =
      MethodType.methodType(void.class, VariantCode.class, EntryMemory.class, long[].class);
  private static final MethodType PAGE_TABLE =
      MethodType.methodType(void.class, MmTables.class, long[].class);

  private final MmuVariant variant;
  private final Map<Level, EntryCode> codes = new EnumMap<>(Level.class);
  private final MethodHandle walker;
  private final MethodHandle pageTable;

  /**
   * What of a memory is a constant of the classes: there are few, since RAM starts at few places
   * and tests go about with few listeners.
   */
  private record Shape(long base, boolean flat, Steps steps) {
    static Shape of(PhysicalMemory memory) {
      PhysicalMemory.Extent main = memory.mainExtent();
      boolean flat = memory.extents().size() == 1 && EntryMemory.isAligned(main);
      return new Shape(main.base(), flat, memory.steps());
    }
  }

  private VariantCode(MmuVariant variant, Shape shape) {
    this.variant = variant;
    for (Level level : Level.values()) {
      EntryCode.Target target =
          new EntryCode.Target(variant, shape.base(), shape.flat(), shape.steps(), level);
      MethodHandle constructor = constructor("EntryCodeTemplate", target, ANY);
      codes.put(level, newCode(constructor));
    }
    this.walker =
        constructor("TableWalkerTemplate", walks(), WALKER)
            .asType(WALKER.changeReturnType(TableWalker.class));
    this.pageTable =
        constructor("PageTableTemplate", walks(), PAGE_TABLE)
            .asType(PAGE_TABLE.changeReturnType(PageTable.class));
  }

  /** The code for a variant in such memory; the same object as long as anybody holds it. */
  static VariantCode of(MmuVariant variant, PhysicalMemory memory) {
    Shape shape = Shape.of(memory);
    synchronized (DEFINED) {
      Map<Shape, WeakReference<VariantCode>> byShape =
          DEFINED.computeIfAbsent(variant, v -> new HashMap<>());
      WeakReference<VariantCode> known = byShape.get(shape);
      VariantCode code = known == null ? null : known.get();
      if (code == null) {
        byShape.values().removeIf(gone -> gone.get() == null);
        code = new VariantCode(variant, shape);
        byShape.put(shape, new WeakReference<>(code));
      }
      return code;
    }
  }

  MmuVariant variant() {
    return variant;
  }

  /** For walks and single pages, which do not depend on the level. */
  EntryCode walks() {
    return at(Level.PTE);
  }

  /** For runs of entries of tables of a level. */
  EntryCode at(Level level) {
    EntryCode code = codes.get(level);
    if (code == null) {
      throw new IllegalStateException("no code for " + level);
    }
    return code;
  }

  TableWalker newWalker(EntryMemory memory, long[] roots) {
    try {
      return (TableWalker) walker.invokeExact(this, memory, roots);
    } catch (Throwable e) {
      throw thrownBy("TableWalkerTemplate", e);
    }
  }

  PageTable newPageTable(MmTables mm, long[] roots) {
    try {
      return (PageTable) pageTable.invokeExact(mm, roots);
    } catch (Throwable e) {
      throw thrownBy("PageTableTemplate", e);
    }
  }

  private static EntryCode newCode(MethodHandle constructor) {
    try {
      return (EntryCode) constructor.invoke();
    } catch (Throwable e) {
      throw thrownBy("EntryCodeTemplate", e);
    }
  }

  /** What a constructor throws is nothing checked: it throws that itself, or says so. */
  private static IllegalStateException thrownBy(String template, Throwable e) {
    if (e instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("the constructor of " + template + " throws this", e);
  }

  private static MethodHandle constructor(String template, Object classData, MethodType type) {
    try {
      MethodHandles.Lookup hidden =
          MethodHandles.lookup().defineHiddenClassWithClassData(bytes(template), classData, true);
      return hidden.findConstructor(hidden.lookupClass(), type);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot define " + template + " for " + classData, e);
    }
  }

  private static byte[] bytes(String template) {
    try (InputStream in = VariantCode.class.getResourceAsStream(template + ".class")) {
      if (in == null) {
        throw new IllegalStateException(template + ".class is missing beside VariantCode.class");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

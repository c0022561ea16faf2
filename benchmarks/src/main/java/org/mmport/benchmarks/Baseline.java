package org.mmport.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The C functions of {@code src/main/c/baseline.c}, called in this process so that they see the
 * same memory.
 */
final class Baseline {
  private static final MethodHandle TRANSLATE = function("mmport_translate", 4);
  private static final MethodHandle MAP = function("mmport_map", 7);
  private static final MethodHandle UNMAP = function("mmport_unmap", 4);

  private static final MethodHandle FORK = function("mmport_fork", 7);

  private static final MethodHandle FAULT = function("mmport_fault", 7);
  private static final MethodHandle ZAP = function("mmport_zap", 6);

  private static final MethodHandle HASH_TRANSLATE = function("mmport_hash_translate", 8);

  private Baseline() {}

  static long translate(MemorySegment memory, long root, MemorySegment vas, long count) {
    try {
      return (long) TRANSLATE.invokeExact(memory.address(), root, vas.address(), count);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static long map(
      MemorySegment memory, long root, long va, long physAddr, long count, long flags, long fresh) {
    try {
      return (long) MAP.invokeExact(memory.address(), root, va, physAddr, count, flags, fresh);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static long unmap(MemorySegment memory, long root, long va, long count) {
    try {
      return (long) UNMAP.invokeExact(memory.address(), root, va, count);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static long fault(
      MemorySegment memory,
      long root,
      long va,
      long count,
      long fresh,
      MemorySegment counts,
      MemorySegment free) {
    try {
      return (long)
          FAULT.invokeExact(
              memory.address(), root, va, count, fresh, counts.address(), free.address());
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static long zap(
      MemorySegment memory,
      long root,
      long va,
      long count,
      MemorySegment counts,
      MemorySegment free) {
    try {
      return (long)
          ZAP.invokeExact(memory.address(), root, va, count, counts.address(), free.address());
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static long fork(
      MemorySegment memory,
      long parent,
      long child,
      long va,
      long count,
      long fresh,
      MemorySegment counts) {
    try {
      return (long)
          FORK.invokeExact(memory.address(), parent, child, va, count, fresh, counts.address());
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static long hashTranslate(
      MemorySegment table,
      long groups,
      MemorySegment vsids,
      long firstVa,
      long segmentShift,
      long pageShift,
      MemorySegment vas,
      long count) {
    try {
      return (long)
          HASH_TRANSLATE.invokeExact(
              table.address(),
              groups,
              vsids.address(),
              firstVa,
              segmentShift,
              pageShift,
              vas.address(),
              count);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static MethodHandle function(String name, int longs) {
    SymbolLookup library =
        SymbolLookup.libraryLookup(Path.of(System.getProperty("mmport.baseline")), Arena.global());
    ValueLayout[] arguments = new ValueLayout[longs];
    java.util.Arrays.fill(arguments, ValueLayout.JAVA_LONG);
    return Linker.nativeLinker()
        .downcallHandle(
            library.find(name).orElseThrow(),
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments));
  }
}

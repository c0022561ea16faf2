package org.mmport.spi;

import java.util.List;
import java.util.Optional;

/**
 * Which virtual addresses translate at all, and through which root. The index into a root is taken
 * from the low bits of the address in every region, so two halves of one table (x86) and two tables
 * (arm64) are said alike.
 *
 * @param regions in ascending order, not overlapping, at least one
 * @param kernelHalf which of them are the kernel's, where that is known
 */
public record VaLayout(List<VaRegion> regions, Optional<KernelHalf> kernelHalf) {
  public VaLayout {
    regions = List.copyOf(regions);
    if (regions.isEmpty()) {
      throw new InvalidRequestException("VA layout without regions: name at least one");
    }
    for (int i = 1; i < regions.size(); i++) {
      if (Long.compareUnsigned(regions.get(i - 1).lastVa(), regions.get(i).firstVa()) >= 0) {
        throw new InvalidRequestException(
            "VA regions "
                + regions.get(i - 1)
                + " and "
                + regions.get(i)
                + ": must ascend and not overlap");
      }
    }
    if (kernelHalf.isPresent()) {
      requireHalf(regions, kernelHalf.get());
    }
  }

  /** A layout that does not say which addresses are the kernel's. */
  public VaLayout(List<VaRegion> regions) {
    this(regions, Optional.empty());
  }

  /** The same where that is said. */
  public VaLayout withKernelHalf(KernelHalf half) {
    return new VaLayout(regions, Optional.of(half));
  }

  /**
   * The same with the last region the kernel's, or part of it, whose root entries are copied.
   *
   * @param areas as {@link KernelAreas#of(VaRegion, String)} reads them
   */
  public VaLayout withCopiedKernel(KernelHalf.Upkeep upkeep, String areas) {
    return withKernelHalf(
        new KernelHalf.CopiedRootEntries(KernelAreas.of(regions.getLast(), areas), upkeep));
  }

  /**
   * Two roots: root 0 from address 0 up, and root 1, the kernel's own, for the addresses that the
   * text names (trees of ppc64).
   *
   * @param areas as {@link KernelAreas#of(VaRegion, String)} reads them, with {@code kernel}
   */
  public static VaLayout withOwnKernel(int userBits, String areas) {
    VaRegion user = new VaRegion("user", 0, (1L << userBits) - 1, 0);
    KernelAreas kernel = KernelAreas.of(new VaRegion("kernel", 1L << userBits, -1L, 1), areas);
    return new VaLayout(List.of(user, kernel.all())).withKernelHalf(new KernelHalf.OwnRoot(kernel));
  }

  private static void requireHalf(List<VaRegion> regions, KernelHalf half) {
    VaRegion kernel = half.areas().all();
    boolean known =
        regions.stream()
            .anyMatch(
                region ->
                    region.contains(kernel.firstVa())
                        && region.contains(kernel.lastVa())
                        && region.root() == kernel.root());
    if (!known) {
      throw new InvalidRequestException(
          "kernel addresses %s: must lie in one of %s, with its root".formatted(kernel, regions));
    }
    boolean shares = regions.getFirst().root() == kernel.root();
    if (shares != half instanceof KernelHalf.CopiedRootEntries) {
      throw new InvalidRequestException(
          "kernel addresses %s: entries are copied where the root is the user's too, and only there"
              .formatted(kernel));
    }
  }

  /** One root; the top bits repeat bit {@code bits - 1} (canonical addresses of x86_64). */
  public static VaLayout signExtended(int bits) {
    long half = 1L << (bits - 1);
    return new VaLayout(
        List.of(
            new VaRegion("low half", 0, half - 1, 0), new VaRegion("high half", -half, -1L, 0)));
  }

  /** One root; the top bits are zero (32-bit x86). */
  public static VaLayout zeroExtended(int bits) {
    return new VaLayout(List.of(new VaRegion("all", 0, bits == 64 ? -1L : (1L << bits) - 1, 0)));
  }

  /** Two roots: root 0 from address 0 up, root 1 up to the last address (arm64 TTBR0 and TTBR1). */
  public static VaLayout split(int lowBits, int highBits) {
    return new VaLayout(
        List.of(
            new VaRegion("low half", 0, (1L << lowBits) - 1, 0),
            new VaRegion("high half", -(1L << highBits), -1L, 1)));
  }

  /**
   * The same with root 1 the kernel's, its linear map first (arm64). Each end is the first address
   * behind.
   */
  public static VaLayout split(int bits, long linearEnd, long firstVmalloc, long vmallocEnd) {
    VaLayout split = split(bits, bits);
    VaRegion kernel = split.regions.getLast();
    return split.withKernelHalf(
        new KernelHalf.OwnRoot(
            KernelAreas.of(kernel, kernel.firstVa(), linearEnd - 1, firstVmalloc, vmallocEnd - 1)));
  }

  /** The region that holds the address; empty where no root translates it (non-canonical). */
  public Optional<VaRegion> regionOf(long va) {
    for (VaRegion region : regions) {
      if (region.contains(va)) {
        return Optional.of(region);
      }
    }
    return Optional.empty();
  }

  /** The addresses that processes may map: those from the first up to a hole or the kernel's. */
  public VaRegion userRegion() {
    VaRegion first = regions.getFirst();
    return kernelHalf
        .map(half -> half.areas().all().firstVa())
        .filter(first::contains)
        .map(end -> new VaRegion(first.name(), first.firstVa(), end - 1, first.root()))
        .orElse(first);
  }

  /** Whether an address is the kernel's, as far as that is said. */
  public boolean isKernel(long va) {
    return kernelHalf.filter(half -> half.areas().all().contains(va)).isPresent();
  }

  /** How many roots an address space has. */
  public int roots() {
    int last = 0;
    for (VaRegion region : regions) {
      last = Math.max(last, region.root());
    }
    return last + 1;
  }
}

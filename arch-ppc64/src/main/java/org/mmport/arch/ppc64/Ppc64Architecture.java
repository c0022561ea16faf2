package org.mmport.arch.ppc64;

import static org.mmport.spi.MmuFeature.ASID;
import static org.mmport.spi.MmuFeature.BROADCAST_TLBI;
import static org.mmport.spi.MmuFeature.HW_ACCESSED;
import static org.mmport.spi.MmuFeature.HW_DIRTY;
import static org.mmport.spi.MmuFeature.ROOT_RELOAD;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.mmport.spi.Architecture;
import org.mmport.spi.ListedArchitecture;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.RootFinder;

/** The ppc64 port: Power servers (book3s), with radix trees or a hash table. */
@AutoService(Architecture.class)
public final class Ppc64Architecture extends ListedArchitecture {
  private static final List<MmuVariant> VARIANTS =
      Stream.concat(
              Stream.of(
                  radix("radix-4k", Ppc64Geometry.RADIX_4K),
                  radix("radix-64k", Ppc64Geometry.RADIX_64K)),
              Ppc64HashVariants.ALL.stream())
          .toList();

  /** MSR[LE] is its last bit; where the bytes stand the other way round, its bit 56 is there. */
  @Override
  public ByteOrder registerOrder(Map<String, byte[]> registers) {
    byte[] msr = registers.getOrDefault("msr", new byte[1]);
    return (msr[0] & 1) != 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
  }

  /** EM_PPC64; QEMU's cores of it have no note that names a root. */
  public Ppc64Architecture() {
    super(VARIANTS, 21);
  }

  private static MmuVariant radix(String name, PagingGeometry geometry) {
    Set<MmuFeature> features = Set.of(HW_ACCESSED, HW_DIRTY, ASID, BROADCAST_TLBI, ROOT_RELOAD);
    PteFormat format = Ppc64PteFormat.of(name, geometry, "");
    RootFinder roots = Ppc64Roots.of(geometry, format);
    return new MmuVariant(
        "ppc64/" + name, geometry, features, format, Ppc64TlbRules.of(format), roots);
  }
}

package org.mmport.arch.ppc64;

import com.google.auto.service.AutoService;
import java.util.EnumSet;
import java.util.List;
import org.mmport.spi.Architecture;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

/** The ppc64 port: Power servers (book3s), with radix trees or a hash table. */
@AutoService(Architecture.class)
public final class Ppc64Architecture implements Architecture {
  private static final List<MmuVariant> VARIANTS =
      List.of(
          radix("ppc64/radix-4k", Ppc64Geometry.RADIX_4K, 9),
          radix("ppc64/radix-64k", Ppc64Geometry.RADIX_64K, 5));

  @Override
  public String name() {
    return "ppc64";
  }

  @Override
  public List<MmuVariant> variants() {
    return VARIANTS;
  }

  private static MmuVariant radix(String id, PagingGeometry geometry, int pteIndexBits) {
    EnumSet<MmuFeature> features =
        EnumSet.of(
            MmuFeature.HW_ACCESSED,
            MmuFeature.HW_DIRTY,
            MmuFeature.NO_EXECUTE,
            MmuFeature.ASID,
            MmuFeature.PTE_SPECIAL,
            MmuFeature.SOFT_DIRTY,
            MmuFeature.BROADCAST_TLBI,
            MmuFeature.ROOT_RELOAD);
    Ppc64PteFormat format = Ppc64PteFormat.ofPages(geometry.pageShift(), pteIndexBits);
    Ppc64Roots roots = new Ppc64Roots(pteIndexBits);
    return new MmuVariant(id, geometry, features, format, new Ppc64TlbRules(format), roots);
  }
}

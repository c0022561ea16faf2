package org.mmport.arch.ppc64;

import static org.mmport.spi.MmuFeature.ASID;
import static org.mmport.spi.MmuFeature.BROADCAST_TLBI;
import static org.mmport.spi.MmuFeature.HW_ACCESSED;
import static org.mmport.spi.MmuFeature.HW_DIRTY;
import static org.mmport.spi.MmuFeature.LEAF_PMD;
import static org.mmport.spi.MmuFeature.LEAF_PUD;
import static org.mmport.spi.MmuFeature.ROOT_RELOAD;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.mmport.arch.ppc64.Ppc64HashMmu.Form;
import org.mmport.spi.Architecture;
import org.mmport.spi.BatchOps;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashNotes;
import org.mmport.spi.HashSegments;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Registers;
import org.mmport.spi.RootLookup;
import org.mmport.spi.TlbRules;

/** The ppc64 port: Power servers (book3s), with radix trees or a hash table. */
@AutoService(Architecture.class)
public final class Ppc64Architecture implements Architecture {
  private static final String HUGEPTE_2006 =
      "16M pages of 2.6.18 lie in tables of 16 entries beside the levels (HUGEPTE_INDEX_SIZE, hugetlbpage.c)";

  private static final List<MmuVariant> VARIANTS =
      List.of(
          radix("radix-4k", Ppc64Geometry.RADIX_4K),
          radix("radix-64k", Ppc64Geometry.RADIX_64K),
          hash(
                  "ppc64/hash-4k",
                  Ppc64Geometry.HASH_4K,
                  Ppc64PteFormat.hash("hash-4k", Ppc64Geometry.HASH_4K),
                  44,
                  "",
                  "F_SECOND F_GIX")
              .leavingOut(
                  LEAF_PMD,
                  "16M pages are runs of 8 entries, hashed as one; here each leaf is hashed by itself")
              .leavingOut(
                  LEAF_PUD,
                  "16G pages are runs of 64 entries, hashed as one; here each leaf is hashed by itself"),
          hash(
              "ppc64/hash-64k",
              Ppc64Geometry.HASH_64K,
              Ppc64PteFormat.hash("hash-64k", Ppc64Geometry.HASH_64K),
              49,
              "COMBO",
              ""),
          hash2006(
              "ppc64/hash-4k-2006",
              Ppc64Geometry.HASH_4K_2006,
              Ppc64PteFormat2006.pages4k(Ppc64Geometry.HASH_4K_2006),
              "",
              "SECONDARY GROUP_IX"),
          hash2006(
              "ppc64/hash-64k-2006",
              Ppc64Geometry.HASH_64K_2006,
              Ppc64PteFormat2006.pages64k(Ppc64Geometry.HASH_64K_2006),
              "COMBO",
              "SLOT"));

  @Override
  public List<MmuVariant> variants() {
    return VARIANTS;
  }

  /** MSR[LE] is its last bit; where the bytes stand the other way round, its bit 56 is there. */
  @Override
  public ByteOrder registerOrder(Map<String, byte[]> registers) {
    byte[] msr = registers.getOrDefault("msr", new byte[1]);
    return (msr[0] & 1) != 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
  }

  /** EM_PPC64; QEMU's cores of it have no note that names a root. */
  @Override
  public Set<Integer> elfMachines() {
    return Set.of(21);
  }

  private static MmuVariant radix(String name, PagingGeometry geometry) {
    Set<MmuFeature> features = Set.of(HW_ACCESSED, HW_DIRTY, ASID, BROADCAST_TLBI, ROOT_RELOAD);
    Ppc64PteFormat format = Ppc64PteFormat.radix(name, geometry);
    Ppc64Roots roots = new Ppc64Roots(geometry.at(Level.PTE).indexBits());
    return new MmuVariant(
        "ppc64/" + name, geometry, features, format, Ppc64TlbRules.radix(format), roots);
  }

  private static MmuVariant hash(
      String id, PagingGeometry geometry, PteFormat format, int areaBits, String other, String at) {
    HashNotes notes = HashNotes.of(geometry, format, "HASHPTE", other, at);
    Ppc64HashedLeaf leaf = new Ppc64HashedLeaf.Today(format.bits().key());
    HashMmu mmu =
        new Ppc64HashMmu(format, new Ppc64Vsids.Today(areaBits), leaf, notes, Form.POWER8);
    return hashed(id, geometry, format, Ppc64TlbRules.hash(format), mmu);
  }

  private static MmuVariant hash2006(
      String id, PagingGeometry geometry, PteFormat format, String other, String at) {
    HashNotes notes = HashNotes.of(geometry, format, "HASHPTE", other, at);
    Ppc64HashedLeaf leaf = new Ppc64HashedLeaf.Of2006(format.bits());
    HashMmu mmu = new Ppc64HashMmu(format, new Ppc64Vsids.Of2006(), leaf, notes, Form.POWER8);
    return hashed(id, geometry, format, Ppc64TlbRules.of2006(format), mmu)
        .leavingOut(LEAF_PMD, HUGEPTE_2006);
  }

  private static MmuVariant hashed(
      String id, PagingGeometry geometry, PteFormat format, TlbRules rules, HashMmu mmu) {
    return new MmuVariant(
        id,
        geometry,
        Set.of(BROADCAST_TLBI),
        format,
        rules,
        BatchOps.ENTRY_WISE,
        new HashSegments(mmu, Ppc64HashMmu.SHIFT_256M),
        Ppc64Architecture::softwareRoots);
  }

  /** Nothing but the kernel knows these: {@code pgd} is the process's, by physical address. */
  private static RootLookup softwareRoots(Registers registers) {
    OptionalLong user = registers.get("pgd");
    OptionalLong kernel = registers.get("SYMBOL(swapper_pg_dir)");
    if (user.isEmpty() || kernel.isEmpty()) {
      return new RootLookup.NotSelected(
          "hashed: name pgd and SYMBOL(swapper_pg_dir) for its trees");
    }
    return new RootLookup.Found(
        List.of(user.getAsLong(), kernel.getAsLong() & Ppc64PteFormat.ADDRESS));
  }
}

package org.mmport.spi;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One way in which an architecture translates addresses. Whatever a kernel decides at boot (4 or 5
 * levels, hash or radix) makes two variants, never an {@code if} inside one.
 *
 * @param id architecture and variant, such as {@code x86_64/la57}
 * @param geometry the shape of the tables
 * @param features what the MMU can do; derived ones are added to what is passed in
 * @param format the bits of entries
 * @param tlbRules what the TLB demands
 * @param batchOps runs of entries
 * @param segmentMap how the TLB is keyed
 * @param rootFinder how registers name the roots
 * @param leftOut what the hardware can do, or Linux does with its entries, and the port leaves out,
 *     each with the reason in one line: {@code TODO} in the support matrix. Features that are
 *     neither here nor in {@code features} are not there to be modelled.
 */
public record MmuVariant(
    String id,
    PagingGeometry geometry,
    Set<MmuFeature> features,
    PteFormat format,
    TlbRules tlbRules,
    BatchOps batchOps,
    SegmentMap segmentMap,
    RootFinder rootFinder,
    Map<MmuFeature, String> leftOut) {
  private static final Pattern ID = Pattern.compile("[a-z0-9_]+/[a-z0-9_-]+");

  public MmuVariant {
    if (!ID.matcher(id).matches()) {
      throw new InvalidRequestException(
          "variant id '" + id + "': write port, slash, variant, in lower case");
    }
    EnumSet<MmuFeature> all = EnumSet.noneOf(MmuFeature.class);
    all.addAll(features);
    all.removeIf(MmuFeature::isDerived);
    all.addAll(MmuFeature.derive(geometry, format, segmentMap, batchOps));
    features = Set.copyOf(all);
    leftOut = Map.copyOf(leftOut);
  }

  /** A variant that leaves out nothing. */
  public MmuVariant(
      String id,
      PagingGeometry geometry,
      Set<MmuFeature> features,
      PteFormat format,
      TlbRules tlbRules,
      BatchOps batchOps,
      SegmentMap segmentMap,
      RootFinder rootFinder) {
    this(id, geometry, features, format, tlbRules, batchOps, segmentMap, rootFinder, Map.of());
  }

  /** A variant without contiguous entries and segments. */
  public MmuVariant(
      String id,
      PagingGeometry geometry,
      Set<MmuFeature> features,
      PteFormat format,
      TlbRules tlbRules,
      RootFinder rootFinder) {
    this(
        id, geometry, features, format, tlbRules, BatchOps.ENTRY_WISE, SegmentMap.NONE, rootFinder);
  }

  public boolean has(MmuFeature feature) {
    return features.contains(feature);
  }

  /** Refuses where the variant lacks the feature, in the words that the suite expects. */
  public void require(MmuFeature feature, String operation) {
    if (!has(feature)) {
      throw new UnsupportedMmuFeatureException(feature, id + " " + operation);
    }
  }

  /**
   * The lowest level at which tables may be shared: a table must span a whole segment where the TLB
   * is keyed by segment, or the sharers' entries could not be told apart.
   */
  public Level minShareLevel() {
    if (!has(MmuFeature.SEGMENTS)) {
      return Level.PTE;
    }
    Level level = Level.PTE;
    while (level != Level.PGD
        && geometry.shift(level) + geometry.at(level).indexBits() < segmentMap.segmentShift()) {
      level = Level.values()[level.ordinal() - 1];
    }
    return level;
  }

  /** The same with another format: how wrappers and deliberately broken ports are made. */
  public MmuVariant withFormat(PteFormat other) {
    return new MmuVariant(
        id, geometry, features, other, tlbRules, batchOps, segmentMap, rootFinder, leftOut);
  }

  /** The same with another geometry. */
  public MmuVariant withGeometry(PagingGeometry other) {
    return new MmuVariant(
        id, other, features, format, tlbRules, batchOps, segmentMap, rootFinder, leftOut);
  }

  /** The same with other TLB rules. */
  public MmuVariant withTlbRules(TlbRules other) {
    return new MmuVariant(
        id, geometry, features, format, other, batchOps, segmentMap, rootFinder, leftOut);
  }

  /** The same with other operations on runs. */
  public MmuVariant withBatchOps(BatchOps other) {
    return new MmuVariant(
        id, geometry, features, format, tlbRules, other, segmentMap, rootFinder, leftOut);
  }

  /** The same, which leaves out one thing more, for a reason. */
  public MmuVariant leavingOut(MmuFeature feature, String why) {
    Map<MmuFeature, String> all = new EnumMap<>(MmuFeature.class);
    all.putAll(leftOut);
    all.put(feature, why);
    return new MmuVariant(
        id, geometry, features, format, tlbRules, batchOps, segmentMap, rootFinder, all);
  }

  @Override
  public String toString() {
    return id;
  }
}

package org.mmport.spi;

/** An operation needs a feature that the variant does not declare. Nothing was changed. */
public final class UnsupportedMmuFeatureException extends MmportException {
  private static final long serialVersionUID = 1L;

  private final MmuFeature feature;

  public UnsupportedMmuFeatureException(MmuFeature feature, String operation) {
    super(operation + ": this variant does not have " + feature + "; ask features() first");
    this.feature = feature;
  }

  /** The feature that is missing. */
  public MmuFeature feature() {
    return feature;
  }
}

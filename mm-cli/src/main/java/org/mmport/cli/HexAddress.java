package org.mmport.cli;

import org.mmport.spi.InvalidRequestException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Addresses are hexadecimal, with or without 0x, up to 64 bits. */
final class HexAddress implements ITypeConverter<Long> {
  @Override
  public Long convert(String text) {
    try {
      return parse(text);
    } catch (InvalidRequestException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  static long parse(String text) {
    String digits = text.replaceFirst("^0[xX]", "").replace("_", "");
    try {
      return Long.parseUnsignedLong(digits, 16);
    } catch (NumberFormatException e) {
      throw new InvalidRequestException(
          "'" + text + "' is not an address: write up to 16 hexadecimal digits");
    }
  }

  static String of(long address) {
    return "0x%016x".formatted(address);
  }
}

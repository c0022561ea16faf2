package org.mmport.conformance.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The registers that QEMU describes to gdb, by name. */
final class TargetRegisters {
  private static final Pattern COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);
  private static final Pattern INCLUDE = Pattern.compile("<xi:include href=\"([^\"]+)\"");
  private static final Pattern REGISTER = Pattern.compile("<reg\\s[^>]*>");
  private static final Pattern ATTRIBUTE = Pattern.compile("(\\w+)=\"([^\"]*)\"");

  private record Register(int number, int sizeBytes) {}

  private final GdbRemote gdb;
  private final ByteOrder order;
  private final Map<String, Register> registers = new HashMap<>();

  TargetRegisters(GdbRemote gdb, ByteOrder order) {
    this.gdb = gdb;
    this.order = order;
    gdb.ask("qSupported:xmlRegisters=i386,arm,powerpc");
    String target = read("target.xml");
    int next = 0;
    for (MatchResult include : INCLUDE.matcher(target).results().toList()) {
      next = describe(read(include.group(1)), next);
    }
  }

  /** Numbers go on from register to register unless one says its own. */
  private int describe(String xml, int first) {
    int next = first;
    for (MatchResult match : REGISTER.matcher(xml).results().toList()) {
      Map<String, String> attributes = new HashMap<>();
      ATTRIBUTE
          .matcher(match.group())
          .results()
          .forEach(attribute -> attributes.put(attribute.group(1), attribute.group(2)));
      String number = attributes.get("regnum");
      next = number == null ? next : Integer.parseInt(number);
      int bits = Integer.parseInt(attributes.getOrDefault("bitsize", "0"));
      registers.put(attributes.getOrDefault("name", ""), new Register(next, bits / 8));
      next++;
    }
    return next;
  }

  private String read(String file) {
    StringBuilder xml = new StringBuilder();
    while (true) {
      String part = gdb.ask("qXfer:features:read:%s:%x,%x".formatted(file, xml.length(), 0x7f0));
      if (part.isEmpty() || (part.charAt(0) != 'm' && part.charAt(0) != 'l')) {
        throw new QemuException("QEMU does not describe its registers: " + file + " " + part);
      }
      xml.append(part, 1, part.length());
      if (part.charAt(0) == 'l') {
        return COMMENT.matcher(xml).replaceAll("");
      }
    }
  }

  void set(String name, long value) {
    Register register = find(name);
    byte[] bytes = new byte[register.sizeBytes];
    for (int i = 0; i < bytes.length; i++) {
      int at = order == ByteOrder.LITTLE_ENDIAN ? i : bytes.length - 1 - i;
      bytes[at] = (byte) (i < Long.BYTES ? value >>> (8 * i) : 0);
    }
    String answer = gdb.ask("P%x=%s".formatted(register.number, HexFormat.of().formatHex(bytes)));
    if (!answer.equals("OK")) {
      throw new QemuException("QEMU does not set register " + name + ": '" + answer + "'");
    }
  }

  long get(String name) {
    Register register = find(name);
    String answer = gdb.ask("p%x".formatted(register.number));
    byte[] bytes = HexFormat.of().parseHex(answer);
    ByteBuffer value = ByteBuffer.wrap(bytes).order(order);
    return bytes.length == Long.BYTES ? value.getLong() : Integer.toUnsignedLong(value.getInt());
  }

  private Register find(String name) {
    Register register = registers.get(name);
    if (register == null) {
      throw new QemuException("QEMU shows no register " + name + " to gdb");
    }
    return register;
  }
}

package org.mmport.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.mmport.spi.Architecture;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Registers;

/**
 * Registers that a debugger has written down: {@code {"cr3": {"bits": 64, "hex": "0010..."}}}, the
 * bytes as they go over gdb's remote protocol, or {@code {"cr3": "0x1000"}} where a person has.
 * What is wider than 64 bits roots no page tables and is left out, and so is what gdb could not
 * read and gives as {@code xx}.
 *
 * @param bytes as the debugger gave them, by lower-case name
 * @param values numbers, by lower-case name
 */
record RegisterFile(Map<String, byte[]> bytes, Map<String, Long> values) {
  static final RegisterFile NONE = new RegisterFile(Map.of(), Map.of());

  static RegisterFile read(Path path) {
    RegisterFile file = new RegisterFile(new TreeMap<>(), new TreeMap<>());
    try (JsonParser json = new JsonFactory().createParser(Files.newInputStream(path))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw bad(path, json, "must be one JSON object");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        file.register(path, json);
      }
      if (json.nextToken() != null) {
        throw bad(path, json, "must be one JSON object and nothing behind it");
      }
    } catch (JsonProcessingException e) {
      throw new InvalidRequestException(
          "--registers %s: %s (line %d)"
              .formatted(path, e.getOriginalMessage(), e.getLocation().getLineNr()));
    } catch (IOException e) {
      throw new InvalidRequestException("--registers " + path + ": cannot be read");
    }
    return file;
  }

  private void register(Path path, JsonParser json) throws IOException {
    String name = lower(json.currentName());
    switch (json.nextToken()) {
      case VALUE_STRING -> {
        try {
          values.put(name, HexAddress.parse(json.getText()));
        } catch (InvalidRequestException e) {
          throw bad(
              path, json, name + "=" + json.getText() + ": must be hexadecimal, up to 64 bits");
        }
      }
      case START_OBJECT -> {
        String hex = "";
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          boolean wanted = json.currentName().equals("hex");
          if (json.nextToken().isStructStart()) {
            json.skipChildren();
          } else if (wanted) {
            hex = json.getText();
          }
        }
        take(path, json, name, hex);
      }
      default -> throw bad(path, json, name + ": must be {\"hex\": \"...\"} or \"0x...\"");
    }
  }

  private void take(Path path, JsonParser json, String name, String hex) throws IOException {
    if (hex.matches("[xX]+") || hex.length() > 2 * Long.BYTES) {
      return;
    }
    if (hex.isEmpty() || !hex.matches("([0-9a-fA-F]{2})+")) {
      throw bad(
          path, json, name + ": hex=\"" + hex + "\" must be the register's bytes, two digits each");
    }
    bytes.put(name, HexFormat.of().parseHex(hex));
  }

  /** Everything as numbers, in the byte order that the architecture's CPU was in. */
  Registers registers(Architecture architecture) {
    ByteOrder order = architecture.registerOrder(bytes);
    Map<String, Long> all = new TreeMap<>(values);
    bytes.forEach((name, of) -> all.put(name, number(of, order)));
    return new Registers(all);
  }

  private static long number(byte[] bytes, ByteOrder order) {
    long value = 0;
    for (int i = 0; i < bytes.length; i++) {
      int at = order == ByteOrder.BIG_ENDIAN ? i : bytes.length - 1 - i;
      value = value << Byte.SIZE | Byte.toUnsignedLong(bytes[at]);
    }
    return value;
  }

  Set<String> names() {
    Map<String, Long> all = new TreeMap<>(values);
    bytes.keySet().forEach(name -> all.put(name, 0L));
    return all.keySet();
  }

  /** Registers are lower-case; the facts of VMCOREINFO keep their spelling. */
  static String lower(String name) {
    return name.contains("(") || name.equals("KERNELOFFSET") ? name : name.toLowerCase(Locale.ROOT);
  }

  private static InvalidRequestException bad(Path path, JsonParser json, String rule) {
    return new InvalidRequestException(
        "--registers %s: %s (line %d)".formatted(path, rule, json.currentLocation().getLineNr()));
  }
}

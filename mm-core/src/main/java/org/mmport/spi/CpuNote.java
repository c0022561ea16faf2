package org.mmport.spi;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where registers lie in a note of an ELF core file.
 *
 * @param elfMachine {@code e_machine} of the cores that this is about
 * @param owner the note's name, such as {@code QEMU}
 * @param type the note's type
 * @param registers where each lies; in the file's byte order
 */
public record CpuNote(int elfMachine, String owner, int type, List<Field> registers) {
  private static final Pattern WORD = Pattern.compile("([^@\\s]+)@([0-9]{1,9})");

  public CpuNote {
    registers = List.copyOf(registers);
  }

  /**
   * The same from text: {@code cr0@392 cr3@416} where they are of one size, 4 or 8 bytes.
   *
   * @throws InvalidRequestException for text that is not so made
   */
  public static CpuNote of(int elfMachine, String owner, int sizeBytes, String registers) {
    Map<String, Field> fields = new LinkedHashMap<>();
    for (String word : registers.split(" ", -1)) {
      Matcher parts = WORD.matcher(word);
      if (!parts.matches()) {
        throw new InvalidRequestException(
            "register '%s' of note %s: write its name, @, and its offset in bytes, such as cr3@416"
                .formatted(word, owner));
      }
      String name = parts.group(1);
      Field field = new Field(name, Integer.parseInt(parts.group(2)), sizeBytes);
      if (fields.put(name, field) != null) {
        throw new InvalidRequestException(
            "register '%s' of note %s: %s is there already; name each once"
                .formatted(word, owner, name));
      }
    }
    return new CpuNote(elfMachine, owner, 0, List.copyOf(fields.values()));
  }

  /** One register: its name, and where in the note's contents its bytes (4 or 8) are. */
  public record Field(String name, int offsetBytes, int sizeBytes) {
    public Field {
      if (offsetBytes < 0) {
        throw new InvalidRequestException(
            "register %s at %d: offsets count from the note's first byte, 0"
                .formatted(name, offsetBytes));
      }
      if (sizeBytes != 4 && sizeBytes != 8) {
        throw new InvalidRequestException(
            "register %s of %d bytes: notes have registers of 4 or 8".formatted(name, sizeBytes));
      }
    }
  }
}

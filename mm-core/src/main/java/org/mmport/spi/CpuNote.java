package org.mmport.spi;

import java.util.ArrayList;
import java.util.List;

/**
 * Where registers lie in a note of an ELF core file.
 *
 * @param elfMachine {@code e_machine} of the cores that this is about
 * @param owner the note's name, such as {@code QEMU}
 * @param type the note's type
 * @param registers where each lies; in the file's byte order
 */
public record CpuNote(int elfMachine, String owner, int type, List<Field> registers) {
  public CpuNote {
    registers = List.copyOf(registers);
  }

  /** The same from text: {@code cr0@392 cr3@416} where they are of one size, 4 or 8 bytes. */
  public static CpuNote of(int elfMachine, String owner, int sizeBytes, String registers) {
    List<Field> fields = new ArrayList<>();
    for (String word : registers.split(" ", -1)) {
      int at = word.indexOf('@');
      fields.add(
          new Field(word.substring(0, at), Integer.parseInt(word.substring(at + 1)), sizeBytes));
    }
    return new CpuNote(elfMachine, owner, 0, fields);
  }

  /** One register: its name, and where in the note's contents its bytes (4 or 8) are. */
  public record Field(String name, int offsetBytes, int sizeBytes) {}
}

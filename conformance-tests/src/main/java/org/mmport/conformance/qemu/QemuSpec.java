package org.mmport.conformance.qemu;

import java.io.File;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which machine QEMU is to be.
 *
 * @param binary command, such as {@code qemu-system-x86_64}
 * @param machine value of {@code -machine}
 * @param cpu value of {@code -cpu}
 * @param ramBase physical address of the first byte of RAM
 * @param ramBytes bytes of RAM
 * @param byteOrder how registers and the guest's words are laid out
 * @param options any others, such as devices
 */
record QemuSpec(
    String binary,
    String machine,
    String cpu,
    long ramBase,
    long ramBytes,
    ByteOrder byteOrder,
    List<String> options) {

  QemuSpec(
      String binary, String machine, String cpu, long ramBase, long ramBytes, ByteOrder byteOrder) {
    this(binary, machine, cpu, ramBase, ramBytes, byteOrder, List.of());
  }

  /** Where the command is, in the directories of {@code PATH}. */
  Optional<Path> find() {
    return List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)).stream()
        .map(directory -> Path.of(directory, binary))
        .filter(Files::isExecutable)
        .findFirst();
  }
}

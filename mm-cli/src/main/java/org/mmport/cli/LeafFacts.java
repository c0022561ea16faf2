package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;

/** What a leaf says, decoded: rights over all levels, the rest from the leaf itself. */
record LeafFacts(
    long physAddr,
    long sizeBytes,
    Level level,
    long raw,
    boolean read,
    boolean write,
    boolean exec,
    boolean user,
    boolean global,
    boolean young,
    boolean dirty) {

  static LeafFacts of(MmuVariant variant, long raw, Level level, int rights) {
    PteFormat format = variant.format();
    return new LeafFacts(
        format.physAddr(raw, level),
        variant.geometry().spanBytes(level),
        level,
        raw,
        Rights.read(rights),
        Rights.write(rights),
        Rights.exec(rights),
        Rights.user(rights),
        format.global(raw, level),
        format.young(raw, level),
        format.dirty(raw, level));
  }

  String rights() {
    return (read ? "r" : "-")
        + (write ? "w" : "-")
        + (exec ? "x" : "-")
        + (user ? " user  " : " kernel");
  }

  String flags() {
    return (global ? "global " : "") + (young ? "young " : "") + (dirty ? "dirty" : "");
  }

  /** The fields that maps and translate have in common, for an address inside the leaf. */
  void writeTo(JsonGenerator json, long translated) throws IOException {
    json.writeStringField("pa", HexAddress.of(translated));
    json.writeNumberField("size", sizeBytes);
    json.writeStringField("level", level.name());
    json.writeBooleanField("read", read);
    json.writeBooleanField("write", write);
    json.writeBooleanField("exec", exec);
    json.writeBooleanField("user", user);
    json.writeBooleanField("global", global);
    json.writeBooleanField("young", young);
    json.writeBooleanField("dirty", dirty);
    json.writeStringField("raw", HexAddress.of(raw));
  }
}

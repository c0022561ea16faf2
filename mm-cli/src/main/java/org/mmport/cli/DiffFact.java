package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.mmport.spi.EntryRole;
import org.mmport.spi.FlushScope;
import org.mmport.spi.TablePlacement;
import org.mmport.spi.TlbDuty;

/** What one variant has of something: for people as text, for programs as a JSON value. */
sealed interface DiffFact {
  String text();

  /** The same, where it is long in pieces that stand below each other. */
  default List<String> lines() {
    return List.of(text());
  }

  void write(JsonGenerator json) throws IOException;

  /** A number of something else than bytes. */
  record Count(long value) implements DiffFact {
    @Override
    public String text() {
      return Long.toString(value);
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeNumber(value);
    }
  }

  record Size(long sizeBytes) implements DiffFact {
    @Override
    public String text() {
      return Sizes.of(sizeBytes);
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeNumber(sizeBytes);
    }
  }

  record Word(String text) implements DiffFact {
    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeString(text);
    }
  }

  /** How tables lie in memory. */
  record Placement(TablePlacement placement) implements DiffFact {
    @Override
    public String text() {
      return "%s aligned to %s"
          .formatted(Sizes.of(placement.sizeBytes()), Sizes.of(placement.alignBytes()));
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeStartObject();
      json.writeNumberField("sizeBytes", placement.sizeBytes());
      json.writeNumberField("alignBytes", placement.alignBytes());
      json.writeEndObject();
    }
  }

  /** That it is there at all. */
  record Present() implements DiffFact {
    @Override
    public String text() {
      return "yes";
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeBoolean(true);
    }
  }

  /** Bits that are alike in everything but their place. */
  record Bits(long mask) implements DiffFact {
    @Override
    public String text() {
      return EntryFields.bits(mask);
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeString(text());
    }
  }

  /** A field of an entry; where a port declares it in pieces, all of them. */
  record Field(String name, EntryRole role, long mask, String meaning) {
    String text() {
      return "%s %s (%s)".formatted(EntryFields.bits(mask), name, meaning);
    }

    void write(JsonGenerator json) throws IOException {
      json.writeStartObject();
      json.writeStringField("bits", EntryFields.bits(mask));
      json.writeStringField("name", name);
      json.writeStringField("role", role.name());
      json.writeStringField("meaning", meaning);
      json.writeEndObject();
    }
  }

  /** The fields that do one job together. */
  record Fields(List<Field> fields) implements DiffFact {
    public Fields {
      fields = List.copyOf(fields);
    }

    @Override
    public String text() {
      return String.join(", ", lines());
    }

    @Override
    public List<String> lines() {
      return fields.stream().map(Field::text).toList();
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeStartArray();
      for (Field field : fields) {
        field.write(json);
      }
      json.writeEndArray();
    }
  }

  record Duty(TlbDuty duty) implements DiffFact {
    @Override
    public String text() {
      String scope =
          switch (duty.scope()) {
            case NONE -> "nothing";
            case LEAF -> "flush";
            case WALK_CACHES -> "flush walk caches";
          };
      return scope
          + (duty.breakBeforeMake() ? ", break before make" : "")
          + (duty.reloadRoot() ? ", reload root" : "");
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
      json.writeStartObject();
      json.writeStringField("flush", word(duty.scope()));
      json.writeBooleanField("breakBeforeMake", duty.breakBeforeMake());
      json.writeBooleanField("reloadRoot", duty.reloadRoot());
      json.writeEndObject();
    }

    private static String word(FlushScope scope) {
      return scope.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}

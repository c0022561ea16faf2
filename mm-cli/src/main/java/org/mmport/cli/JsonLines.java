package org.mmport.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;

/** One JSON object per line. */
final class JsonLines {
  /** What goes into one object. */
  interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private final JsonGenerator generator;
  private final PrintWriter out;

  JsonLines(PrintWriter out) {
    this.out = out;
    try {
      generator = new JsonFactory().createGenerator(out);
      generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      generator.disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);
      generator.setPrettyPrinter(new MinimalPrettyPrinter(""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void object(Body body) {
    try {
      generator.writeStartObject();
      body.write(generator);
      generator.writeEndObject();
      generator.flush();
      out.print('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

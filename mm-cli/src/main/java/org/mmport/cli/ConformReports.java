package org.mmport.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.mmport.conformance.ClauseOutcome;
import org.mmport.conformance.ClauseResult;

/** Results for machines: JSON lines, and the XML that CI servers know from JUnit. */
record ConformReports(List<ClauseResult> results) {
  static void write(JsonGenerator json, ClauseResult result) throws IOException {
    json.writeStringField("clause", result.clause());
    json.writeStringField("variant", result.variant());
    json.writeStringField("outcome", result.outcome().word());
    json.writeStringField("reason", result.reason());
    json.writeNumberField("seed", result.seed());
    json.writeNumberField("millis", result.millis());
  }

  String json() {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    JsonLines lines = new JsonLines(out);
    results.forEach(result -> lines.object(json -> write(json, result)));
    out.flush();
    return text.toString();
  }

  /** One suite per variant, so that the variant is in the name of each case. */
  String junitXml() {
    StringWriter text = new StringWriter();
    Map<String, List<ClauseResult>> byVariant =
        results.stream()
            .collect(
                Collectors.groupingBy(
                    ClauseResult::variant, LinkedHashMap::new, Collectors.toList()));
    try {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
      xml.writeStartDocument("UTF-8", "1.0");
      xml.writeStartElement("testsuites");
      for (Map.Entry<String, List<ClauseResult>> entry : byVariant.entrySet()) {
        suite(xml, entry.getKey(), entry.getValue());
      }
      xml.writeEndElement();
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException(e);
    }
    return text.toString();
  }

  private static void suite(XMLStreamWriter xml, String variant, List<ClauseResult> results)
      throws XMLStreamException {
    xml.writeStartElement("testsuite");
    xml.writeAttribute("name", variant);
    xml.writeAttribute("tests", String.valueOf(results.size()));
    xml.writeAttribute("failures", String.valueOf(count(results, ClauseOutcome.FAIL)));
    xml.writeAttribute("skipped", String.valueOf(count(results, ClauseOutcome.NOT_APPLICABLE)));
    for (ClauseResult result : results) {
      xml.writeStartElement("testcase");
      xml.writeAttribute("classname", variant);
      xml.writeAttribute("name", result.clause());
      xml.writeAttribute("time", String.format(Locale.ROOT, "%.3f", result.millis() / 1000.0));
      if (result.outcome() != ClauseOutcome.PASS) {
        xml.writeEmptyElement(result.outcome() == ClauseOutcome.FAIL ? "failure" : "skipped");
        xml.writeAttribute("message", result.reason());
      }
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private static long count(List<ClauseResult> results, ClauseOutcome outcome) {
    return results.stream().filter(result -> result.outcome() == outcome).count();
  }
}

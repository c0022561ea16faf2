package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mmport.conformance.ClauseOutcome;
import org.mmport.conformance.ClauseResult;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** What conform writes for machines and for reviewers. */
class ConformReportsTest {
  private static final String NASTY = "raw=0x1: expected <a & \"b\">, found 'c'";
  private static final List<ClauseResult> RESULTS =
      List.of(
          new ClauseResult("GEO-01", "one/a", ClauseOutcome.PASS, "", 7, 1500),
          new ClauseResult("GEO-02", "one/a", ClauseOutcome.FAIL, NASTY, 7, 2),
          new ClauseResult("GEO-01", "two/b", ClauseOutcome.PASS, "", 7, 3),
          new ClauseResult("GEO-02", "two/b", ClauseOutcome.NOT_APPLICABLE, "it has none", 7, 0),
          new ClauseResult("GEO-02", "two/c", ClauseOutcome.PASS, "", 7, 4));

  @TempDir Path directory = Path.of("");

  @Test
  void junitXmlHasASuiteForEachVariant() throws Exception {
    NodeList suites = suites(new ConformReports(RESULTS).junitXml());
    assertEquals(3, suites.getLength());
    Element first = (Element) suites.item(0);
    assertEquals("one/a", first.getAttribute("name"));
    assertEquals("2", first.getAttribute("tests"));
    assertEquals("1", first.getAttribute("failures"));
    assertEquals("0", first.getAttribute("skipped"));
    Element failed = (Element) first.getElementsByTagName("testcase").item(1);
    assertEquals("one/a", failed.getAttribute("classname"));
    assertEquals("GEO-02", failed.getAttribute("name"));
    Element failure = (Element) failed.getElementsByTagName("failure").item(0);
    assertEquals(NASTY, failure.getAttribute("message"));
    Element skipped = (Element) ((Element) suites.item(1)).getElementsByTagName("skipped").item(0);
    assertEquals("it has none", skipped.getAttribute("message"));
  }

  @Test
  void htmlStandsAloneAndSaysWhy() {
    String html = new ConformHtml(RESULTS, 7).render();
    assertTrue(html.contains("3 variants, 2 clauses, 1 failures, seed 7"), html);
    assertTrue(html.contains("expected &lt;a &amp; &quot;b&quot;&gt;"), html);
    assertTrue(html.contains("pass: 1 of 3 variants"), html);
    assertTrue(html.contains("two/b not-applicable"), html);
    assertTrue(html.indexOf("<h2>Failures</h2>") < html.indexOf("<h2>GEO</h2>"), html);
    for (String foreign : List.of("src=", "href=", "http", "url(", "@import", "<script")) {
      assertFalse(html.contains(foreign), foreign);
    }
  }

  @Test
  void htmlOfAllWellNamesNoFailures() {
    assertFalse(new ConformHtml(RESULTS.subList(0, 1), 7).render().contains("Failures"));
  }

  @Test
  void conformWritesAllThree() throws Exception {
    Run run = Run.of("conform", "x86_64", "--clause", "GEO", "--report", directory.toString());
    assertEquals(0, run.exit(), run.err());
    List<String> lines = Files.readAllLines(directory.resolve("conformance.json"));
    NodeList suites = suites(Files.readString(directory.resolve("TEST-conformance.xml")));
    int cases = 0;
    for (int i = 0; i < suites.getLength(); i++) {
      cases += ((Element) suites.item(i)).getElementsByTagName("testcase").getLength();
    }
    assertEquals(lines.size(), cases);
    assertTrue(lines.getFirst().startsWith("{\"clause\":\"GEO-01\",\"variant\":\"x86_64/4level\""));
    assertTrue(
        Files.readString(directory.resolve("conformance.html")).startsWith("<!DOCTYPE html>"));
  }

  private static NodeList suites(String xml) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(xml)))
        .getElementsByTagName("testsuite");
  }
}

package org.mmport.cli;

import static j2html.TagCreator.body;
import static j2html.TagCreator.code;
import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.h1;
import static j2html.TagCreator.h2;
import static j2html.TagCreator.head;
import static j2html.TagCreator.html;
import static j2html.TagCreator.meta;
import static j2html.TagCreator.p;
import static j2html.TagCreator.rawHtml;
import static j2html.TagCreator.span;
import static j2html.TagCreator.style;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.title;
import static j2html.TagCreator.tr;

import j2html.tags.DomContent;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mmport.conformance.ClauseInfo;
import org.mmport.conformance.ClauseOutcome;
import org.mmport.conformance.ClauseResult;
import org.mmport.conformance.ConformanceSuite;

/** Results for the reviewer of a port: one file that stands alone. */
record ConformHtml(List<ClauseResult> results, long seed) {
  private static final String CSS =
      """
      body { font: 15px/1.45 "DejaVu Sans", Helvetica, Arial, sans-serif; margin: 2em auto; max-width: 76em; color: #222; padding: 0 1em; }
      h1 { font-size: 1.6em; } h2 { font-size: 1.2em; margin-top: 2em; }
      table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35em .6em; border-bottom: 1px solid #ddd; }
      table.matrix { width: auto; } table.matrix td, table.matrix th { text-align: right; } table.matrix th:first-child { text-align: left; }
      .pass { background: #e3f4e1; } .fail { background: #f9d9d7; } .na { background: #f1f1f1; color: #666; }
      .chip { display: inline-block; padding: 0 .5em; border-radius: .3em; margin: 0 .3em .2em 0; white-space: nowrap; }
      .reason { font-size: .88em; color: #444; margin: .15em 0 .5em; overflow-wrap: anywhere; } .small { font-size: .88em; color: #555; overflow-wrap: anywhere; }
      .scroll { overflow-x: auto; } code { white-space: nowrap; }
      table.clauses { table-layout: fixed; } table.clauses th:nth-child(1) { width: 6em; } table.clauses th:nth-child(3) { width: 28%; }
      @media (max-width: 50em) {
        body { margin: 1em auto; } table.clauses thead { display: none; }
        table.clauses, table.clauses tbody, table.clauses tr, table.clauses td { display: block; }
        table.clauses td { border: 0; padding: .15em 0; } table.clauses tr { border-bottom: 1px solid #ddd; padding: .5em 0; }
      }
      """;

  String render() {
    Map<String, Map<String, ConformMatrix.Cell>> cells = ConformMatrix.cells(results);
    long failed = results.stream().filter(r -> r.outcome() == ClauseOutcome.FAIL).count();
    return "<!DOCTYPE html>\n"
        + html(
                head(
                    meta().withCharset("utf-8"),
                    meta().withName("viewport").withContent("width=device-width, initial-scale=1"),
                    title("mmport conformance"),
                    style(rawHtml(CSS)).withType("text/css")),
                body(
                    h1("mmport conformance"),
                    p(
                        "%d variants, %d clauses, %d failures, seed %d"
                            .formatted(cells.size(), clauses().size(), failed, seed)),
                    matrix(cells),
                    failures(),
                    each(
                        cells.values().stream()
                            .flatMap(row -> row.keySet().stream())
                            .distinct()
                            .toList(),
                        this::area)))
            .render();
  }

  private List<ClauseInfo> clauses() {
    return ConformanceSuite.clauses().stream()
        .filter(clause -> results.stream().anyMatch(result -> result.clause().equals(clause.id())))
        .toList();
  }

  private static DomContent matrix(Map<String, Map<String, ConformMatrix.Cell>> cells) {
    List<String> areas =
        cells.values().stream().flatMap(row -> row.keySet().stream()).distinct().toList();
    return div(table(
                thead(tr(th("variant"), each(areas, area -> th(area)))),
                tbody(
                    each(
                        cells.entrySet(),
                        row ->
                            tr(
                                th(row.getKey()),
                                each(
                                    areas,
                                    area -> cell(Optional.ofNullable(row.getValue().get(area))))))))
            .withClass("matrix"))
        .withClass("scroll");
  }

  /** What went wrong comes first; nothing where nothing did. */
  private DomContent failures() {
    List<ClauseResult> failed =
        results.stream().filter(r -> r.outcome() == ClauseOutcome.FAIL).toList();
    return failed.isEmpty()
        ? each()
        : div(h2("Failures"), each(failed, failure -> div(failure.reason()).withClass("reason")));
  }

  private static DomContent cell(Optional<ConformMatrix.Cell> cell) {
    ConformMatrix.Cell shown = cell.orElse(new ConformMatrix.Cell(0, 0, 0));
    return td(shown.text())
        .withClass(shown.failed() > 0 ? "fail" : shown.passed() > 0 ? "pass" : "na");
  }

  private DomContent area(String area) {
    return div(
        h2(area),
        table(
                thead(tr(th("clause"), th("what holds"), th("outcome"))),
                tbody(
                    each(
                        clauses().stream().filter(c -> c.area().equals(area)).toList(), this::row)))
            .withClass("clauses"));
  }

  private DomContent row(ClauseInfo clause) {
    List<ClauseResult> of = results.stream().filter(r -> r.clause().equals(clause.id())).toList();
    return tr(
        td(code(clause.id())),
        td(
            div(clause.text()),
            div("Source: " + clause.source() + ". If it fails: " + clause.check())
                .withClass("small")),
        td(passes(of), each(of, ConformHtml::notPassed)));
  }

  /** One chip for all variants that passed, for there may be many; its title names them. */
  private static DomContent passes(List<ClauseResult> of) {
    List<String> passed =
        of.stream()
            .filter(r -> r.outcome() == ClauseOutcome.PASS)
            .map(ClauseResult::variant)
            .toList();
    String text =
        passed.size() == of.size()
            ? "pass"
            : "pass: %d of %d variants".formatted(passed.size(), of.size());
    return passed.isEmpty()
        ? each()
        : span(text).withClass("chip pass").withTitle(String.join(", ", passed));
  }

  private static DomContent notPassed(ClauseResult result) {
    String cssClass = result.outcome() == ClauseOutcome.FAIL ? "fail" : "na";
    return result.outcome() == ClauseOutcome.PASS
        ? each()
        : div(
            span(result.variant() + " " + result.outcome().word()).withClass("chip " + cssClass),
            div(result.reason()).withClass("reason"));
  }
}

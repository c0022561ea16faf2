package org.mmport.cli;

import static j2html.TagCreator.tag;

import j2html.tags.ContainerTag;
import java.util.List;
import java.util.Locale;
import org.mmport.compare.ForkCase;
import org.mmport.compare.ForkTrial;

/** Bars of the entries that each way to fork touches, by powers of ten: all that SVG needs. */
final class ForkChart {
  private static final int LABEL_WIDTH = 230;
  private static final int PLOT_WIDTH = 560;
  private static final int BAR_HEIGHT = 12;
  private static final int GAP = 10;
  private static final int TOP = 64;
  private static final List<String> COLOURS =
      List.of("#4c5866", "#d28b26", "#2a7f9e", "#63a355", "#a2559c", "#b5473c", "#8c8c3e");

  private final ForkCase forkCase;
  private final List<ForkTrial> trials;
  private final List<String> ways;
  private final double decades;

  ForkChart(ForkCase forkCase, List<ForkTrial> trials) {
    this.forkCase = forkCase;
    this.trials = trials;
    this.ways = trials.stream().map(trial -> trial.way().name()).distinct().toList();
    long most = trials.stream().mapToLong(trial -> trial.atFork().entries()).max().orElse(1);
    this.decades = Math.max(1, Math.ceil(Math.log10((double) Math.max(most, 1))));
  }

  String svg() {
    ContainerTag<?> svg =
        tag("svg")
            .attr("xmlns", "http://www.w3.org/2000/svg")
            .attr("viewBox", "0 0 %d %d".formatted(LABEL_WIDTH + PLOT_WIDTH + 90, height()))
            .attr("font-family", "sans-serif")
            .attr("font-size", "11");
    svg.with(tag("rect").attr("width", "100%").attr("height", "100%").attr("fill", "#ffffff"));
    svg.with(text(10, 20, title()).attr("font-size", "14"));
    for (int i = 0; i < ways.size(); i++) {
      int x = LABEL_WIDTH + i * 90;
      svg.with(bar(x, 32, 10, 10, colour(ways.get(i))), text(x + 14, 41, ways.get(i)));
    }
    for (int decade = 0; decade <= decades; decade++) {
      double x = LABEL_WIDTH + PLOT_WIDTH * decade / decades;
      svg.with(
          tag("line")
              .attr("x1", number(x))
              .attr("x2", number(x))
              .attr("y1", TOP - 6)
              .attr("y2", height() - 10)
              .attr("stroke", "#dddddd"),
          text(x + 2, TOP - 8, decade == 0 ? "1" : "10^" + decade).attr("fill", "#666666"));
    }
    int y = TOP;
    String variant = "";
    for (ForkTrial trial : trials) {
      if (!trial.variant().id().equals(variant)) {
        y += variant.isEmpty() ? 0 : GAP;
        variant = trial.variant().id();
        svg.with(text(10, y + BAR_HEIGHT - 2, variant));
      }
      long entries = trial.atFork().entries();
      double width = PLOT_WIDTH * Math.log10((double) Math.max(entries, 1)) / decades;
      svg.with(
          bar(LABEL_WIDTH, y, width, BAR_HEIGHT - 2, colour(trial.way().name())),
          text(LABEL_WIDTH + width + 4, y + BAR_HEIGHT - 3, Long.toString(entries)));
      y += BAR_HEIGHT;
    }
    return svg.render() + "\n";
  }

  private String title() {
    return "Entries of page tables read and written at fork: %d pages, %d pinned, %s"
        .formatted(
            forkCase.pages(),
            forkCase.pins(),
            forkCase.children() == 1 ? "1 child" : forkCase.children() + " children");
  }

  private int height() {
    long variants = trials.stream().map(trial -> trial.variant().id()).distinct().count();
    return (int) (TOP + trials.size() * BAR_HEIGHT + variants * GAP + 10);
  }

  private String colour(String way) {
    return COLOURS.get(ways.indexOf(way) % COLOURS.size());
  }

  private static ContainerTag<?> bar(double x, double y, double width, double height, String fill) {
    return tag("rect")
        .attr("x", number(x))
        .attr("y", number(y))
        .attr("width", number(width))
        .attr("height", number(height))
        .attr("fill", fill);
  }

  private static ContainerTag<?> text(double x, double y, String text) {
    return tag("text").attr("x", number(x)).attr("y", number(y)).withText(text);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}

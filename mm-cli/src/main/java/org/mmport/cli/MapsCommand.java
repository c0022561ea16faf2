package org.mmport.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.WalkProblem;
import org.mmport.pgtable.WalkSummary;
import org.mmport.spi.HashMmu;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "maps",
    mixinStandardHelpOptions = true,
    description = "List what the page tables of a memory dump map.",
    footer = {
      "",
      "Ranges are merged over neighbours with the same rights; --each gives every leaf. What could not be followed",
      "is counted at the end, and does not stop the rest.",
      "",
      "Examples:",
      "  mmport maps --dump vm.core",
      "  mmport maps --dump vm.core --each --json | jq -r 'select(.write and .exec) | .va'"
    })
final class MapsCommand implements Callable<Integer> {
  @Mixin DumpOptions options;

  @Option(names = "--each", description = "one line per leaf instead of merged ranges")
  boolean each;

  @Option(names = "--json", description = "one JSON object per line")
  boolean json;

  @Option(
      names = "--max-revisits",
      paramLabel = "N",
      description =
          "how often tables may be entered again that were entered before (default: ${DEFAULT-VALUE})")
  long maxRevisits = 16_384;

  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (DumpOptions.Opened opened = options.open(spec.commandLine().getErr())) {
      Progress progress = Progress.toTerminal(spec.commandLine().getErr(), "leaves", 1 << 18);
      RangeSink sink = json ? new JsonRanges(new JsonLines(out)) : new TextRanges(out);
      RangeMerger merger = new RangeMerger(sink);
      HashTables.LeafConsumer leaves =
          (va, facts) -> {
            progress.step();
            if (each) {
              sink.leaf(va, facts);
            } else {
              merger.add(va, facts);
            }
          };
      Runnable end =
          () -> {
            merger.finish();
            progress.end();
          };
      switch (opened.tables()) {
        case TreeTables tree -> {
          MmuVariant variant = tree.variant();
          WalkSummary summary =
              tree.walker()
                  .visit(
                      (va, raw, level, rights) ->
                          leaves.leaf(va, LeafFacts.of(variant, raw, level, rights)),
                      maxRevisits);
          end.run();
          summarise(out, tree.walker(), summary);
        }
        case HashTables hash -> {
          HashTables.Summary summary = hash.visit(leaves);
          end.run();
          summarise(out, hash, summary);
        }
      }
      return CommandLine.ExitCode.OK;
    }
  }

  private void summarise(PrintWriter out, HashTables tables, HashTables.Summary summary) {
    HashMmu.Table place = tables.place();
    if (!json) {
      out.printf(
          "%n%s, hash table of %d groups at 0x%x%n  %d entries, of which %d are of segments that are not loaded%n",
          tables.variant().id(),
          place.groups(),
          place.physAddr(),
          summary.entries(),
          summary.elsewhere());
    } else if (!each) {
      new JsonLines(out)
          .object(
              object -> {
                object.writeStringField("variant", tables.variant().id());
                object.writeStringField("hashTable", HexAddress.of(place.physAddr()));
                object.writeNumberField("groups", place.groups());
                object.writeNumberField("entries", summary.entries());
                object.writeNumberField("elsewhere", summary.elsewhere());
              });
    }
  }

  private void summarise(PrintWriter out, TableWalker walker, WalkSummary summary) {
    if (json) {
      if (!each) {
        new JsonLines(out).object(object -> JsonRanges.summary(object, walker, summary));
      } else {
        reportProblems(spec.commandLine().getErr(), summary.problems());
      }
      return;
    }
    PagingGeometry geometry = walker.variant().geometry();
    out.printf("%n%s, root 0x%x%n", walker.variant().id(), walker.root(0));
    for (Level level : Level.values()) {
      if (!geometry.at(level).isFolded()) {
        out.printf(
            "  %-3s %8d tables of %s  %8d leaves of %s%n",
            level,
            summary.tables().getOrDefault(level, 0L),
            Sizes.of(geometry.tableBytes(level)),
            summary.leaves().getOrDefault(level, 0L),
            Sizes.of(geometry.spanBytes(level)));
      }
    }
    out.printf(
        "  %s bytes of page tables; %d entries neither empty nor valid%n",
        Sizes.of(summary.tableBytes()), summary.nonPresent());
    reportProblems(out, summary.problems());
  }

  private static void reportProblems(PrintWriter to, Map<WalkProblem, Long> problems) {
    for (WalkProblem problem : WalkProblem.values()) {
      if (problems.containsKey(problem)) {
        to.printf("  %d entries not followed: %s%n", problems.get(problem), problem.word());
      }
    }
  }
}

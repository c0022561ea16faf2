package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.mmport.cpu.CpuSet;
import org.mmport.cpu.MmContext;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.TlbFlusher;
import org.mmport.spi.FlushScope;
import org.mmport.spi.TlbDuty;

/** Ways to flush CPUs that are wrong in one thing, and the clauses that must say so. */
final class CpuTwins {
  private CpuTwins() {}

  /**
   * A wrong way.
   *
   * @param variant on which it is tried
   * @param clauses exactly those of area TLB that fail
   */
  record Twin(String name, String variant, CpuFlushes flushes, List<String> clauses) {
    @Override
    public String toString() {
      return variant + ": " + name;
    }
  }

  static List<Twin> all() {
    return List.of(
        twin(
            "drops every request",
            "x86_64/4level",
            (cpus, context) -> request -> {},
            "TLB-20",
            "TLB-21",
            "TLB-22",
            "TLB-23",
            "TLB-26",
            "TLB-27",
            "TLB-28",
            "TLB-29",
            "TLB-30",
            "TLB-31"),
        twin(
            "drops every request",
            "ppc64/hash-4k",
            (cpus, context) -> request -> {},
            "TLB-20",
            "TLB-21",
            "TLB-27",
            "TLB-29"),
        changed(
            "flushes leaves where tables are owed",
            "x86_64/4level",
            request -> withDuty(request, new TlbDuty(FlushScope.LEAF, false, false)),
            "TLB-22",
            "TLB-29"),
        changed(
            "flushes leaves where tables are owed",
            "ppc64/radix-64k",
            request -> withDuty(request, new TlbDuty(FlushScope.LEAF, false, false)),
            "TLB-22",
            "TLB-29"),
        changed(
            "flushes leaves where tables are owed",
            "arm64/4k-va48",
            request -> withDuty(request, new TlbDuty(FlushScope.LEAF, false, false)),
            "TLB-22",
            "TLB-29"),
        changed(
            "flushes tables where leaves are enough",
            "arm64/4k-va48",
            request -> withDuty(request, TlbDuty.FLUSH_WALK_CACHES),
            "TLB-26"),
        twin(
            "flushes the first CPU only",
            "x86_64/la57",
            (cpus, context) -> cpus.localFlusher(context, cpus.cpu(0)),
            "TLB-20",
            "TLB-21",
            "TLB-22",
            "TLB-23",
            "TLB-27",
            "TLB-28",
            "TLB-29",
            "TLB-30"),
        twin(
            "flushes the first CPU only",
            "ppc64/hash-64k",
            (cpus, context) -> cpus.localFlusher(context, cpus.cpu(0)),
            "TLB-20",
            "TLB-21",
            "TLB-27",
            "TLB-28",
            "TLB-29"),
        twin(
            "flushes the last CPU only",
            "arm64/16k-va47",
            (cpus, context) -> cpus.localFlusher(context, cpus.cpu(1)),
            "TLB-20",
            "TLB-21",
            "TLB-22",
            "TLB-23",
            "TLB-26",
            "TLB-27",
            "TLB-28",
            "TLB-29",
            "TLB-31"),
        changed(
            "leaves what is global",
            "x86_64/4level",
            request -> new FlushRequest(request.firstVa(), request.lastVa(), request.duty(), false),
            "TLB-23"),
        changed(
            "takes what is global, and so what others have",
            "x86_64/4level",
            request -> new FlushRequest(request.firstVa(), request.lastVa(), request.duty(), true),
            "TLB-25",
            "TLB-30"),
        changed(
            "does not reload the root",
            "x86/pae",
            request -> withDuty(request, new TlbDuty(request.duty().scope(), false, false)),
            "TLB-22",
            "TLB-24",
            "TLB-29"),
        changed(
            "flushes the first page only",
            "x86_64/4level",
            request ->
                new FlushRequest(
                    request.firstVa(), request.firstVa(), request.duty(), request.global()),
            "TLB-21",
            "TLB-29"),
        changed(
            "flushes all but the last page",
            "arm64/64k-va42",
            request ->
                new FlushRequest(
                    request.firstVa(),
                    Math.max(request.firstVa(), request.lastVa() - 0x10000),
                    request.duty(),
                    request.global()),
            "TLB-21",
            "TLB-29"),
        changed(
            "flushes everything",
            "ppc64/radix-4k",
            request -> new FlushRequest(0, -1, request.duty(), request.global()),
            "TLB-25"),
        twin(
            "flushes the address space that was made last",
            "ppc64/radix-64k",
            (cpus, context) -> cpus.flusher(new MmContext(context.id() + 1, context.roots())),
            "TLB-20",
            "TLB-21",
            "TLB-22",
            "TLB-25",
            "TLB-26",
            "TLB-27",
            "TLB-28",
            "TLB-29",
            "TLB-31"),
        twin(
            "pays for each change with the next one",
            "x86_64/4level",
            late(),
            "TLB-20",
            "TLB-21",
            "TLB-22",
            "TLB-23",
            "TLB-26",
            "TLB-27",
            "TLB-29",
            "TLB-30",
            "TLB-31"));
  }

  private static Twin twin(String name, String variant, CpuFlushes flushes, String... clauses) {
    return new Twin(name, variant, flushes, List.of(clauses));
  }

  private static Twin changed(
      String name, String variant, UnaryOperator<FlushRequest> change, String... clauses) {
    CpuFlushes flushes =
        (cpus, context) -> {
          TlbFlusher right = cpus.flusher(context);
          return request -> right.flush(change.apply(request));
        };
    return twin(name, variant, flushes, clauses);
  }

  private static FlushRequest withDuty(FlushRequest request, TlbDuty duty) {
    return new FlushRequest(request.firstVa(), request.lastVa(), duty, request.global());
  }

  private static CpuFlushes late() {
    List<Runnable> owed = new ArrayList<>();
    return (CpuSet cpus, MmContext context) ->
        request -> {
          List<Runnable> now = List.copyOf(owed);
          owed.clear();
          owed.add(() -> cpus.flusher(context).flush(request));
          now.forEach(Runnable::run);
        };
  }

  /** The clauses of the area that fail, in order. */
  static List<ClauseResult> failing(Twin twin) {
    VariantRun run =
        new VariantRun(
            Breaker.good(twin.variant()),
            ConformanceSuite.DEFAULT_SEED,
            HardwareUse.OFF,
            twin.flushes());
    return ConformanceSuite.clauses().stream()
        .filter(clause -> clause.area().equals("TLB"))
        .map(run::run)
        .filter(result -> result.outcome() == ClauseOutcome.FAIL)
        .toList();
  }
}

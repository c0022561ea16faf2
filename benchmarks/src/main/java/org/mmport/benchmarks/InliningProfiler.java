package org.mmport.benchmarks;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.ExternalProfiler;
import org.openjdk.jmh.profile.ProfilerException;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.TextResult;

/**
 * Says which calls of ours the JIT did not inline, and why: fork is extremely sensitive to that
 * (R4.34). Name it to JMH: {@code -prof org.mmport.benchmarks.InliningProfiler}.
 */
public final class InliningProfiler implements ExternalProfiler {
  private static final int MOST_LINES = 40;

  private final Path log;

  public InliningProfiler() throws ProfilerException {
    try {
      log = Files.createTempFile("mmport-compilations", ".log");
    } catch (IOException e) {
      throw new ProfilerException(e);
    }
    log.toFile().deleteOnExit();
  }

  @Override
  public Collection<String> addJVMInvokeOptions(BenchmarkParams params) {
    return List.of();
  }

  @Override
  public Collection<String> addJVMOptions(BenchmarkParams params) {
    return List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:+LogCompilation", "-XX:LogFile=" + log);
  }

  @Override
  public void beforeTrial(BenchmarkParams params) {
    // The JVM makes its log anew.
  }

  @Override
  public Collection<? extends Result<?>> afterTrial(
      BenchmarkResult result, long pid, File stdOut, File stdErr) {
    try {
      return List.of(new TextResult(report(CompileLog.callsLeft(log, "org.mmport.")), "inlining"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String report(List<CompileLog.Call> calls) {
    StringBuilder text = new StringBuilder("Calls that C2 left, by how often they were seen:\n");
    for (CompileLog.Call call : calls.subList(0, Math.min(MOST_LINES, calls.size()))) {
      text.append(
          String.format(
              Locale.ROOT,
              "%9d  %s -> %s (%d bytes): %s%n",
              call.times(),
              call.from(),
              call.to(),
              call.bytes(),
              call.reason()));
    }
    if (calls.size() > MOST_LINES) {
      text.append("and ").append(calls.size() - MOST_LINES).append(" more\n");
    }
    return text.toString();
  }

  @Override
  public boolean allowPrintOut() {
    return true;
  }

  @Override
  public boolean allowPrintErr() {
    return true;
  }

  @Override
  public String getDescription() {
    return "calls of org.mmport that the JIT did not inline";
  }
}

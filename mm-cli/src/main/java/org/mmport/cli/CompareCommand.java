package org.mmport.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Spec;

@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    description = "Compare what mechanisms cost on each variant.",
    subcommands = CompareForkCommand.class,
    footer = {"", "Examples:", "  mmport compare fork x86_64/4level ppc64/radix-64k"})
final class CompareCommand implements Runnable {
  @Spec CommandLine.Model.CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "compare what? One of " + spec.subcommands().keySet());
  }
}

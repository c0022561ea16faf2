package org.mmport.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.mmport.spi.MmportException;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Entry point. Exit codes: 0 all well, 1 the answer is no (a clause failed, an address faults,
 * variants differ), 2 bad input.
 */
@Command(
    name = "mmport",
    mixinStandardHelpOptions = true,
    version = "mmport 0.1.0",
    description =
        "Page tables of many architectures: check ports, show formats, read memory dumps.",
    subcommands = {
      ConformCommand.class,
      ListCommand.class,
      ShowCommand.class,
      DiffCommand.class,
      RunCommand.class,
      FuzzCommand.class,
      ReplayCommand.class,
      CompareCommand.class,
      TranslateCommand.class,
      MapsCommand.class,
      AutoComplete.GenerateCompletion.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all well",
      "1:the answer is no: a clause failed, an address does not translate, variants differ",
      "2:bad usage or bad input; one line on standard error says what"
    },
    footer = {
      "",
      "Examples:",
      "  mmport conform",
      "  mmport show x86_64/la57",
      "  mmport diff x86_64/4level x86_64/la57",
      "  mmport translate --dump vm.core 0xffffffff81000000",
      "  mmport maps --dump vm.core --each --json",
      "  mmport run fork.mm",
      "  mmport fuzz --steps 100000",
      "  mmport replay ls.lackey",
      "  mmport compare fork x86_64/4level"
    })
public final class Main {
  static final int NO = 1;
  static final int BAD_INPUT = 2;

  @Option(
      names = "--stacktrace",
      hidden = true,
      scope = CommandLine.ScopeType.INHERIT,
      description = "print the stack trace of an unexpected error")
  boolean stacktrace;

  private Main() {}

  public static void main(String[] args) {
    PrintWriter out =
        new PrintWriter(
            new OutputStreamWriter(
                new FileOutputStream(FileDescriptor.out), StandardCharsets.UTF_8));
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int exit = run(out, err, args);
    out.flush();
    System.exit(exit);
  }

  /** Runs a command line as the shell would, and returns the exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    Main main = new Main();
    CommandLine commandLine = new CommandLine(main);
    commandLine.setOut(out);
    commandLine.setErr(err);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setParameterExceptionHandler(
        (e, given) -> {
          err.println(
              "mmport: " + oneLine(String.valueOf(e.getMessage())) + " (see mmport --help)");
          return BAD_INPUT;
        });
    commandLine.setExecutionExceptionHandler(
        (e, command, parsed) -> {
          out.flush();
          if (main.stacktrace) {
            e.printStackTrace(err);
          }
          String message = oneLine(String.valueOf(e.getMessage()));
          boolean ours = e instanceof MmportException || e instanceof java.io.UncheckedIOException;
          err.println(
              ours
                  ? "mmport: " + message
                  : "mmport: unexpected "
                      + e.getClass().getSimpleName()
                      + ": "
                      + message
                      + "; please report it with the output of --stacktrace");
          return BAD_INPUT;
        });
    int exit = commandLine.execute(args.length == 0 ? new String[] {"--help"} : args);
    out.flush();
    return exit;
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s*[\\r\\n]+\\s*", " ");
  }
}

package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How the launcher finds a JDK and Maven, on machines that have what the test puts there: its
 * places for JDKs and its PATH are folders of the test.
 */
class LauncherTest {
  private static final List<String> TOOLS =
      List.of("cat", "dirname", "find", "grep", "head", "mkdir", "readlink", "sed", "xargs");

  @TempDir Path top = Path.of("");
  private Path jvms = Path.of("");
  private Path path = Path.of("");

  @BeforeEach
  void machine() throws IOException {
    jvms = Files.createDirectory(top.resolve("jvms"));
    path = Files.createDirectory(top.resolve("bin"));
    for (String tool : TOOLS) {
      Path real = Path.of("/usr/bin").resolve(tool);
      executable(
          path.resolve(tool),
          "#!/bin/sh\nexec %s \"$@\"\n"
              .formatted(Files.exists(real) ? real : Path.of("/bin").resolve(tool)));
    }
    Files.createDirectory(top.resolve("scripts"));
    Path findJdk = top.resolve("scripts/find-jdk");
    String script = Files.readString(Path.of("../scripts/find-jdk"));
    assertTrue(script.contains("/usr/lib/jvm/*"), script);
    Files.writeString(
        findJdk,
        script
            .replace("/usr/lib/jvm/*", jvms + "/*")
            .replace("/Library/Java/JavaVirtualMachines/*", jvms + "/none/*"));
    executable(top.resolve("mmport"), Files.readString(Path.of("../mmport")));
  }

  @Test
  void withoutAnyJdkOneLineSaysWhatToInstall() throws Exception {
    Result result = launch(Map.of());
    assertEquals(2, result.exit());
    assertEquals(1, result.text().lines().count(), result.text());
    assertTrue(result.text().startsWith("mmport: no JDK 25 found; install one"), result.text());
    assertTrue(result.text().contains("MMPORT_JAVA_HOME"), result.text());
  }

  @Test
  void olderJdksAndRuntimesWithoutCompilerDoNotCount() throws Exception {
    jdk("jdk-17", "17.0.15");
    jdk("jdk-21", "21");
    Files.delete(jdk("jre-25", "25.0.1").resolve("bin/javac"));
    assertTrue(launch(Map.of()).text().startsWith("mmport: no JDK 25 found"));
  }

  @Test
  void aNamedJdkComesFirst() throws Exception {
    jdk("jdk-25", "25.0.1");
    Path named = jdk("named", "26-ea");
    assertEquals(named + "/bin/java", found(Map.of("MMPORT_JAVA_HOME", named.toString())));
    Path old = jdk("jdk-17", "17.0.15");
    assertEquals(jvms + "/jdk-25/bin/java", found(Map.of("JAVA_HOME", old.toString())));
  }

  @Test
  void withoutMavenOneLineSaysWhatToInstall() throws Exception {
    jdk("jdk-25", "25.0.1");
    Result result = launch(Map.of());
    assertEquals(2, result.exit());
    assertEquals(1, result.text().lines().count(), result.text());
    assertTrue(result.text().startsWith("mmport: no Maven found; install it"), result.text());
  }

  @Test
  void mavenRunsOnTheJdkThatWasFound() throws Exception {
    Path jdk = jdk("jdk-25", "25.0.1");
    executable(path.resolve("mvn"), "#!/bin/sh\necho \"ERROR on $JAVA_HOME\"\nexit 1\n");
    Result result = launch(Map.of());
    assertEquals(2, result.exit());
    assertTrue(result.text().contains("ERROR on " + jdk), result.text());
    assertTrue(result.text().contains("mmport: the build failed; see "), result.text());
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = jvms.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    executable(home.resolve("bin/java"), "#!/bin/sh\n");
    executable(home.resolve("bin/javac"), "#!/bin/sh\n");
    return home;
  }

  private static void executable(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private record Result(int exit, String text) {}

  private Result launch(Map<String, String> environment) throws Exception {
    return run(environment, "./mmport list");
  }

  private String found(Map<String, String> environment) throws Exception {
    return run(environment, ". scripts/find-jdk; echo $MMPORT_JAVA").text().strip();
  }

  private Result run(Map<String, String> environment, String command) throws Exception {
    List<String> line = new ArrayList<>(List.of("/bin/sh", "-c", command));
    ProcessBuilder builder =
        new ProcessBuilder(line).directory(top.toFile()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("HOME", top.toString());
    builder.environment().put("PATH", path.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), text);
  }
}

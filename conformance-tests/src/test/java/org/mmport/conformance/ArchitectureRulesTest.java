package org.mmport.conformance;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The walls of the house: who may know whom. */
class ArchitectureRulesTest {
  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("org.mmport");

  private static ArchRule onlyKnows(String owner, String... others) {
    List<String> allowed = new ArrayList<>(List.of(others));
    allowed.addAll(List.of(owner, "java..", "org.jspecify.annotations.."));
    return classes()
        .that()
        .resideInAPackage(owner)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed.toArray(String[]::new));
  }

  @Test
  void spiKnowsNobody() {
    onlyKnows("org.mmport.spi").check(ALL);
  }

  @Test
  void machineKnowsTheSpi() {
    onlyKnows("org.mmport.machine", "org.mmport.spi").check(ALL);
  }

  @Test
  void pageTablesKnowMachineAndSpi() {
    onlyKnows("org.mmport.pgtable", "org.mmport.machine", "org.mmport.spi").check(ALL);
  }

  @Test
  void cpusKnowPageTablesAndBelow() {
    onlyKnows("org.mmport.cpu", "org.mmport.pgtable", "org.mmport.machine", "org.mmport.spi")
        .check(ALL);
  }

  @Test
  void memoryManagementKnowsWhatItStandsOn() {
    onlyKnows(
            "org.mmport.mm",
            "org.mmport.cpu",
            "org.mmport.pgtable",
            "org.mmport.machine",
            "org.mmport.spi")
        .check(ALL);
  }

  /** Mechanisms know what they stand on, and not each other. */
  @Test
  void forkKnowsMemoryManagementAndBelow() {
    onlyKnows(
            "org.mmport.fork",
            "org.mmport.mm",
            "org.mmport.pgtable",
            "org.mmport.machine",
            "org.mmport.spi")
        .check(ALL);
  }

  @Test
  void dumpsKnowMachineAndSpi() {
    onlyKnows("org.mmport.image", "org.mmport.machine", "org.mmport.spi").check(ALL);
  }

  /** The one place beside ports that knows architectures; it must not know the suite. */
  @Test
  void theHardwareJudgeKnowsTheCoreOnly() {
    onlyKnows(
            "org.mmport.conformance.qemu",
            "org.mmport.pgtable",
            "org.mmport.machine",
            "org.mmport.spi")
        .check(ALL);
  }

  /** The explorer is a tool for any test; what is about processes in it is a scenario's. */
  @Test
  void theExplorerKnowsNoClauses() {
    onlyKnows(
            "org.mmport.interleave",
            "org.mmport.scenario",
            "org.mmport.mm",
            "org.mmport.machine",
            "org.mmport.spi")
        .check(ALL);
  }

  @Test
  void portsKnowTheSpiOnly() {
    onlyKnows("org.mmport.arch..", "org.mmport.spi", "com.google.auto.service").check(ALL);
  }

  /** One line in a port's pom.xml has the build hold it to having no dependency at run time. */
  @Test
  void everyPortIsHeldToHaveNoDependencies() throws IOException {
    try (Stream<Path> modules = Files.list(Path.of(".."))) {
      List<Path> ports =
          modules.filter(module -> module.getFileName().toString().startsWith("arch-")).toList();
      assertFalse(ports.isEmpty());
      for (Path port : ports) {
        String pom = Files.readString(port.resolve("pom.xml"));
        assertTrue(
            pom.contains("<mmport.mayDependAtRunTime>false</mmport.mayDependAtRunTime>"),
            port.getFileName() + "/pom.xml must set mmport.mayDependAtRunTime to false");
      }
    }
  }

  @Test
  void nobodyKnowsAPort() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.mmport.arch..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.mmport.arch..")
        .check(ALL);
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching("org.mmport.(**)").should().beFreeOfCycles().check(ALL);
  }

  @Test
  void aRuleThatIsBrokenIsSeen() {
    assertThrows(
        AssertionError.class,
        () -> onlyKnows("org.mmport.pgtable", "org.mmport.machine").check(ALL));
  }

  /**
   * Whoever wants to change a table gets it from those who ask first whether it is shared (R3.27),
   * or has it already.
   */
  @Test
  void onlyThoseWhoUnshareHandOutTablesToChange() {
    noClasses()
        .that()
        .doNotHaveSimpleName("PteTables")
        .and()
        .doNotHaveSimpleName("TableSharing")
        .and()
        .doNotHaveSimpleName("PteTable")
        .should()
        .callConstructorWhere(
            target(owner(name("org.mmport.pgtable.PteTable"))).as("PteTable is made"))
        .check(ALL);
  }

  /** Outside comments, which may say where a fact comes from. */
  @Test
  void coreNamesNoArchitecture() throws IOException {
    Pattern comment = Pattern.compile("/\\*.*?\\*/|//[^\\n]*", Pattern.DOTALL);
    Pattern name =
        Pattern.compile(
            "x86|x64|amd64|arm64|aarch64|ppc|powerpc|riscv|s390|loongarch",
            Pattern.CASE_INSENSITIVE);
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Path.of("../mm-core/src/main/java"))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        String code = comment.matcher(Files.readString(file)).replaceAll("");
        name.matcher(code)
            .results()
            .forEach(match -> found.add(file.getFileName() + ": " + match.group()));
      }
    }
    assertEquals(List.of(), found);
  }
}

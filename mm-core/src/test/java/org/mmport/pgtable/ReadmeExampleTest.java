package org.mmport.pgtable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** The example in the module's README, run, and held equal to what stands there. */
class ReadmeExampleTest {
  static java.util.stream.Stream<MmuVariant> variants() {
    return FakeVariants.all().stream()
        .map(FakeVariants::variant)
        .filter(
            variant ->
                variant.geometry().pageShift() == 12
                    && variant.geometry().vaLayout().regionOf(0x401fff).isPresent());
  }

  @ParameterizedTest
  @MethodSource("variants")
  void runs(MmuVariant variant) {
    // example
    try (PhysicalMemory memory = PhysicalMemory.ofSize(64L << 20)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, variant.geometry().pageShift());
      PageTable table = PageTable.create(new TableSpace(variant, frames, 0), TableOwner.USER);
      try (MmuGather gather = table.gather(request -> {})) {
        table.map(0x400000, 0x1000, 0x2000, Protection.PAGE_SHARED, gather);
        gather.flush();
      }
      long physAddr = table.translate(0x401234);
      // end
      assertEquals(0x2234, physAddr);
    }
  }

  @Test
  void standsInTheReadme() throws IOException {
    String readme = Files.readString(Path.of("README.md"));
    String test =
        Files.readString(Path.of("src/test/java/org/mmport/pgtable/ReadmeExampleTest.java"));
    int start = test.indexOf("// example\n") + "// example\n".length();
    String example = squeezed(test.substring(start, test.indexOf("// end\n")));
    assertTrue(squeezed(readme).contains(example), example);
  }

  private static String squeezed(String text) {
    return text.replaceAll("\\s+", " ").strip();
  }
}

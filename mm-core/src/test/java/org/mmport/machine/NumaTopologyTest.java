package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.mmport.spi.InvalidRequestException;

class NumaTopologyTest {
  private static final List<NumaNode> TWO =
      List.of(new NumaNode(0, 0x10000, 0x1000), new NumaNode(1, 0x0, 0x10000));

  @Test
  void uniformDistancesAreThoseOfAcpi() {
    NumaTopology topology = NumaTopology.uniform(TWO);
    assertEquals(List.of(List.of(10, 20), List.of(20, 10)), topology.distances());
    assertEquals(List.of(1, 0), topology.byDistance(1));
  }

  @Test
  void refusesNodesThatCannotBe() {
    refused(() -> new NumaNode(-1, 0, 0x1000));
    refused(() -> new NumaNode(0, -0x1000, 0x1000));
    refused(() -> new NumaNode(0, 0, 0));
    refused(() -> new NumaNode(0, Long.MAX_VALUE - 5, 0x1000));
    refused(() -> NumaTopology.uniform(List.of()));
    refused(() -> NumaTopology.uniform(List.of(new NumaNode(1, 0, 0x1000))));
    refused(
        () ->
            NumaTopology.uniform(
                List.of(new NumaNode(0, 0x1000, 0x1000), new NumaNode(1, 0, 0x1001))));
  }

  @Test
  void refusesDistancesThatCannotBe() {
    refused(() -> new NumaTopology(TWO, List.of(List.of(10, 20))));
    refused(() -> new NumaTopology(TWO, List.of(List.of(10, 20), List.of(20))));
    refused(() -> new NumaTopology(TWO, List.of(List.of(11, 20), List.of(20, 10))));
    refused(() -> new NumaTopology(TWO, List.of(List.of(10, 10), List.of(20, 10))));
    refused(() -> new NumaTopology(TWO, List.of(List.of(10, 20), List.of(255, 10))));
  }

  private static void refused(Executable call) {
    assertThrows(InvalidRequestException.class, call);
  }
}

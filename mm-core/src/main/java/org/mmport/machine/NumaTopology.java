package org.mmport.machine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.mmport.spi.InvalidRequestException;

/**
 * The nodes and how far they are from each other, in the units and by the rules of the ACPI SLIT:
 * 10 from a node to itself, 11 to 254 between two. The matrix need not be symmetric.
 *
 * @param nodes in the order of their ids, 0 first; no two overlap
 * @param distances {@code distances.get(from).get(to)}, one row and one column for each node
 */
public record NumaTopology(List<NumaNode> nodes, List<List<Integer>> distances) {
  /** From a node to itself: {@code LOCAL_DISTANCE} in Linux. */
  public static final int LOCAL_DISTANCE = 10;

  /** Between two nodes where nothing else is said: {@code REMOTE_DISTANCE} in Linux. */
  public static final int REMOTE_DISTANCE = 20;

  private static final int MAX_DISTANCE = 254;

  public NumaTopology {
    nodes = List.copyOf(nodes);
    distances = distances.stream().map(List::copyOf).toList();
    requireIds(nodes);
    requireNoOverlap(nodes);
    requireMatrix(nodes.size(), distances);
  }

  /** Every node as far from every other. */
  public static NumaTopology uniform(List<NumaNode> nodes) {
    List<List<Integer>> distances = new ArrayList<>();
    for (int from = 0; from < nodes.size(); from++) {
      List<Integer> row = new ArrayList<>(Collections.nCopies(nodes.size(), REMOTE_DISTANCE));
      row.set(from, LOCAL_DISTANCE);
      distances.add(row);
    }
    return new NumaTopology(nodes, distances);
  }

  /** Distance from one node to another, 10 to 254. */
  public int distance(int from, int to) {
    return distances.get(from).get(to);
  }

  /** Every node id, the nearest to the given node first; of equally near ones the lower id. */
  public List<Integer> byDistance(int from) {
    List<Integer> row = distances.get(from);
    return nodes.stream().map(NumaNode::id).sorted(Comparator.comparing(row::get)).toList();
  }

  private static void requireIds(List<NumaNode> nodes) {
    if (nodes.isEmpty()) {
      throw new InvalidRequestException("NUMA topology without nodes: name at least one");
    }
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i).id() != i) {
        throw new InvalidRequestException(
            "NUMA node " + nodes.get(i).id() + " at position " + i + ": ids count up from 0");
      }
    }
  }

  private static void requireNoOverlap(List<NumaNode> nodes) {
    List<NumaNode> sorted = new ArrayList<>(nodes);
    sorted.sort(Comparator.comparingLong(NumaNode::firstPhysAddr));
    for (int i = 1; i < sorted.size(); i++) {
      NumaNode before = sorted.get(i - 1);
      NumaNode after = sorted.get(i);
      if (before.endPhysAddr() > after.firstPhysAddr()) {
        throw new InvalidRequestException(
            "NUMA nodes %d and %d overlap at 0x%x: each frame has one node"
                .formatted(before.id(), after.id(), after.firstPhysAddr()));
      }
    }
  }

  private static void requireMatrix(int count, List<List<Integer>> distances) {
    if (distances.size() != count || distances.stream().anyMatch(row -> row.size() != count)) {
      throw new InvalidRequestException(
          "NUMA distances " + distances + ": must be " + count + " rows of " + count);
    }
    for (int from = 0; from < count; from++) {
      for (int to = 0; to < count; to++) {
        int distance = distances.get(from).get(to);
        boolean valid =
            from == to
                ? distance == LOCAL_DISTANCE
                : distance > LOCAL_DISTANCE && distance <= MAX_DISTANCE;
        if (!valid) {
          throw new InvalidRequestException(
              "NUMA distance %d from node %d to node %d: must be 10 to itself, 11 to 254 to others"
                  .formatted(distance, from, to));
        }
      }
    }
  }
}

package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Values by closed ranges of numbers, found by any number within: Linux's {@code interval_tree}
 * (lib/interval_tree.c). Ranges may overlap, and may be there twice. A tree by first number in
 * which every node knows the last number of all below it; random priorities, the higher above, keep
 * it shallow.
 */
final class IntervalTree<T> {
  private static final class Node<T> {
    private final long first;
    private final long last;
    private final T value;
    private final long priority;
    private long lastOfAll;
    private @Nullable Node<T> left;
    private @Nullable Node<T> right;

    Node(long first, long last, T value, long priority) {
      this.first = first;
      this.last = last;
      this.value = value;
      this.priority = priority;
      this.lastOfAll = last;
    }

    Node<T> with(@Nullable Node<T> newLeft, @Nullable Node<T> newRight) {
      left = newLeft;
      right = newRight;
      lastOfAll =
          Math.max(
              last,
              Math.max(
                  newLeft == null ? Long.MIN_VALUE : newLeft.lastOfAll,
                  newRight == null ? Long.MIN_VALUE : newRight.lastOfAll));
      return this;
    }
  }

  private record Halves<T>(@Nullable Node<T> before, @Nullable Node<T> from) {}

  /** Seeded, so that the same changes make the same tree. */
  private final SplittableRandom random = new SplittableRandom(1);

  private @Nullable Node<T> root;
  private int size;

  /** Adds a range, {@code last} being in it. */
  void add(long first, long last, T value) {
    root = insert(root, new Node<>(first, last, value, random.nextLong()));
    size++;
  }

  private static <T> Node<T> insert(@Nullable Node<T> tree, Node<T> node) {
    if (tree == null) {
      return node;
    }
    if (node.priority > tree.priority) {
      Halves<T> halves = split(tree, node.first);
      return node.with(halves.before, halves.from);
    }
    return node.first < tree.first
        ? tree.with(insert(tree.left, node), tree.right)
        : tree.with(tree.left, insert(tree.right, node));
  }

  /** What of a tree starts before a number, and the rest. */
  private static <T> Halves<T> split(@Nullable Node<T> tree, long first) {
    if (tree == null) {
      return new Halves<>(null, null);
    }
    if (tree.first < first) {
      Halves<T> right = split(tree.right, first);
      return new Halves<>(tree.with(tree.left, right.before), right.from);
    }
    Halves<T> left = split(tree.left, first);
    return new Halves<>(left.before, tree.with(left.from, tree.right));
  }

  /**
   * Removes a range that was added with these numbers and this value.
   *
   * @throws IllegalStateException where there is none
   */
  void remove(long first, long last, T value) {
    int before = size;
    root = remove(root, first, last, value);
    if (size == before) {
      throw new IllegalStateException(
          "range %d..%d of %s: was never added".formatted(first, last, value));
    }
  }

  private @Nullable Node<T> remove(@Nullable Node<T> tree, long first, long last, T value) {
    if (tree == null || tree.lastOfAll < last) {
      return tree;
    }
    if (tree.first == first && tree.last == last && tree.value.equals(value)) {
      size--;
      return merge(tree.left, tree.right);
    }
    // Of ranges that start alike, some may be on either side.
    int before = size;
    Node<T> left = first <= tree.first ? remove(tree.left, first, last, value) : tree.left;
    Node<T> right =
        size == before && first >= tree.first ? remove(tree.right, first, last, value) : tree.right;
    return tree.with(left, right);
  }

  private static <T> @Nullable Node<T> merge(@Nullable Node<T> left, @Nullable Node<T> right) {
    if (left == null || right == null) {
      return left == null ? right : left;
    }
    return left.priority > right.priority
        ? left.with(left.left, merge(left.right, right))
        : right.with(merge(left, right.left), right.right);
  }

  /** The values of all ranges that have a number between these, or these, in order of the first. */
  List<T> overlapping(long first, long last) {
    List<T> found = new ArrayList<>();
    collect(root, first, last, found);
    return found;
  }

  private static <T> void collect(@Nullable Node<T> tree, long first, long last, List<T> found) {
    if (tree == null || tree.lastOfAll < first) {
      return;
    }
    collect(tree.left, first, last, found);
    if (tree.first <= last) {
      if (tree.last >= first) {
        found.add(tree.value);
      }
      collect(tree.right, first, last, found);
    }
  }

  boolean isEmpty() {
    return size == 0;
  }
}

package org.mmport.cli;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.mmport.spi.Architecture;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;

/** The ports on the class path. As an Iterable, the variants' ids, for completion. */
final class Ports implements Iterable<String> {
  static List<Architecture> architectures() {
    List<Architecture> found = new ArrayList<>();
    ServiceLoader.load(Architecture.class).forEach(found::add);
    found.sort(java.util.Comparator.comparing(Architecture::name));
    return found;
  }

  static List<MmuVariant> variants() {
    return architectures().stream().flatMap(a -> a.variants().stream()).toList();
  }

  static MmuVariant variant(String id) {
    return variants().stream()
        .filter(variant -> variant.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    "variant '"
                        + id
                        + "': is not known; there are "
                        + variants().stream()
                            .map(MmuVariant::id)
                            .collect(Collectors.joining(", "))));
  }

  /** The variants of those ids; all where none is named. */
  static List<MmuVariant> chosen(List<String> ids) {
    return ids.isEmpty() ? variants() : ids.stream().map(Ports::variant).toList();
  }

  @Override
  public Iterator<String> iterator() {
    return variants().stream().map(MmuVariant::id).iterator();
  }
}

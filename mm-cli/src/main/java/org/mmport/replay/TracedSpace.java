package org.mmport.replay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.mmport.cpu.Access;
import org.mmport.cpu.Cpu;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.FilePages;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.MremapRequest;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.TableWalker;
import org.mmport.replay.TracedMappings.Range;
import org.mmport.spi.InvalidRequestException;

/**
 * One process of a trace: what it had mapped there, and an address space here that has the same.
 * Addresses and sizes given are the trace's, in its pages of 4 KiB.
 *
 * <p>Where the variant's pages are larger, a mapping has every page that it has a part of. One that
 * several mappings have a part of may be used in every way that any of them permits, and holds what
 * the first of them had; it goes with the last.
 */
final class TracedSpace {
  static final long TRACED_PAGE = 4096;
  private static final int MAX_FAULTS = 64;

  /** What is mapped somewhere. */
  record Contents(VmaRights rights, boolean shared, Optional<FilePages> file, long offset) {
    static Contents anonymous(VmaRights rights) {
      return new Contents(rights, false, Optional.empty(), 0);
    }
  }

  private final ReplayMachine machine;
  private final Notes notes;
  private final long pageBytes;
  private final AddressSpace space;
  private final Carry carry;
  private final TracedMappings traced;
  private final Map<String, FilePages> filesByFd;
  private OptionalLong heapEnd = OptionalLong.empty();
  private int users = 1;

  /** Of a program of which nothing is mapped yet. */
  TracedSpace(ReplayMachine machine, Notes notes) {
    this(
        machine,
        notes,
        machine.system().create(),
        new Carry(machine.system().variant().geometry()),
        new TracedMappings(),
        new HashMap<>());
  }

  private TracedSpace(
      ReplayMachine machine,
      Notes notes,
      AddressSpace space,
      Carry carry,
      TracedMappings traced,
      Map<String, FilePages> filesByFd) {
    this.machine = machine;
    this.notes = notes;
    this.pageBytes = machine.pageBytes();
    this.space = space;
    this.carry = carry;
    this.traced = traced;
    this.filesByFd = filesByFd;
  }

  TracedSpace fork() {
    TracedSpace child =
        new TracedSpace(
            machine, notes, space.fork(), carry.copy(), traced.copy(), new HashMap<>(filesByFd));
    child.heapEnd = heapEnd;
    return child;
  }

  /** One more task uses it. */
  TracedSpace share() {
    users++;
    return this;
  }

  /** One task fewer does; the last has it end. */
  void leave() {
    if (--users == 0) {
      space.close();
    }
  }

  AddressSpace space() {
    return space;
  }

  long pageBytes() {
    return pageBytes;
  }

  Carry carry() {
    return carry;
  }

  TracedMappings traced() {
    return traced;
  }

  OptionalLong heapEnd() {
    return heapEnd;
  }

  void setHeapEnd(long va) {
    heapEnd = OptionalLong.of(va);
  }

  // Mappings.

  /** The file behind a mapping: by path, or by number as long as that can be the same file. */
  FilePages file(MmCall.TracedFile file, boolean fixed) {
    if (file.path().isPresent()) {
      return machine.file(file.path().get());
    }
    if (!fixed) {
      filesByFd.put(file.fd(), machine.newFile());
    }
    return filesByFd.computeIfAbsent(file.fd(), fd -> machine.newFile());
  }

  void map(String call, long va, long bytes, Contents contents) {
    Range range = new Range(va, va + bytes - 1, contents.rights(), false);
    place(call, range, contents);
  }

  private void place(String call, Range range, Contents contents) {
    long bytes = range.lastVa() - range.firstVa() + 1;
    List<Carry.Piece> pieces = carry.pieces(range.firstVa(), bytes);
    if (pieces.size() > 1 || pieces.getFirst().va() != range.firstVa()) {
      notes.add(Note.Kind.ADAPTED, call, "beyond the user's addresses: brought within them");
    }
    boolean replaces = !traced.in(range.firstVa(), range.lastVa()).isEmpty();
    List<Edge> edges = edges(pieces);
    traced.put(range);
    for (Carry.Piece inner : inner(pieces)) {
      if (replaces) {
        space.munmap(inner.va(), inner.bytes());
      }
      space.mmap(request(range, inner.tracedVa(), inner.va(), inner.bytes(), contents));
    }
    for (Edge edge : edges) {
      if (edge.before().isPresent()) {
        notes.add(Note.Kind.ADAPTED, call, "shares a page of the variant with another mapping");
      }
      settle(edge, range, contents);
    }
  }

  private MmapRequest request(Range range, long tracedVa, long va, long bytes, Contents contents) {
    long offset = Math.max(0, contents.offset() + tracedVa - range.firstVa());
    return new MmapRequest(
        OptionalLong.of(va),
        bytes,
        contents.rights(),
        contents.shared(),
        contents.file().map(file -> new Backing.OfFile(file, offset / pageBytes)));
  }

  void unmap(long va, long bytes) {
    for (Range range : traced.in(va, va + bytes - 1)) {
      List<Carry.Piece> pieces = pieces(range);
      List<Edge> edges = edges(pieces);
      traced.remove(range.firstVa(), range.lastVa());
      inner(pieces).forEach(inner -> space.munmap(inner.va(), inner.bytes()));
      edges.forEach(edge -> settle(edge, range, Contents.anonymous(VmaRights.NONE)));
    }
  }

  void protect(String call, long va, long bytes, VmaRights rights) {
    guess(call, va, bytes, rights);
    for (Range range : traced.in(va, va + bytes - 1)) {
      List<Carry.Piece> pieces = pieces(range);
      List<Edge> edges = edges(pieces);
      traced.protect(range.firstVa(), range.lastVa(), rights);
      inner(pieces).forEach(inner -> space.mprotect(inner.va(), inner.bytes(), rights));
      edges.forEach(edge -> settle(edge, range, Contents.anonymous(rights)));
    }
  }

  void dontNeed(String call, long va, long bytes) {
    advise(call, va, bytes, inner -> space.dontNeed(inner.va(), inner.bytes()));
  }

  void lazyFree(String call, long va, long bytes) {
    advise(call, va, bytes, inner -> space.lazyFree(inner.va(), inner.bytes()));
  }

  /** What shares a page with anything else stays. */
  private void advise(String call, long va, long bytes, Consumer<Carry.Piece> each) {
    guess(call, va, bytes, VmaRights.READ_WRITE);
    for (Range range : traced.in(va, va + bytes - 1)) {
      List<Carry.Piece> pieces = pieces(range);
      if (!edges(pieces).isEmpty()) {
        notes.add(Note.Kind.ADAPTED, call, "parts of pages of the variant keep what they hold");
      }
      inner(pieces).forEach(each);
    }
  }

  /** What was in the way of having it in memory, if anything. */
  Optional<FaultStatus> lock(String call, long va, long bytes) {
    guess(call, va, bytes, VmaRights.READ_WRITE);
    Optional<FaultStatus> inTheWay = Optional.empty();
    for (Range range : traced.in(va, va + bytes - 1)) {
      for (Carry.Piece outer : outer(pieces(range))) {
        Optional<FaultStatus> here = space.mlock(outer.va(), outer.bytes());
        inTheWay = inTheWay.isPresent() ? inTheWay : here;
      }
    }
    return inTheWay;
  }

  void unlock(String call, long va, long bytes) {
    guess(call, va, bytes, VmaRights.READ_WRITE);
    for (Range range : traced.in(va, va + bytes - 1)) {
      outer(pieces(range)).forEach(outer -> space.munlock(outer.va(), outer.bytes()));
    }
  }

  /** Has the pages of a mapping that are not there yet, as faults would. */
  void populate(String call, long va, long bytes, Contents contents) {
    if (contents.rights().equals(VmaRights.NONE)) {
      return;
    }
    if (Long.compareUnsigned(bytes, machine.memoryBytes()) > 0) {
      notes.add(Note.Kind.NOT_REPLAYED, call, "populating more than the machine's memory");
      return;
    }
    Access access =
        contents.rights().write() && !contents.shared()
            ? Access.USER_WRITE
            : contents.rights().read() ? Access.USER_READ : Access.USER_EXEC;
    TableWalker walker = space.pageTable().walker();
    for (Carry.Piece outer : outer(carry.pieces(va, bytes))) {
      for (long at = 0; at < outer.bytes(); at += pageBytes) {
        if (walker.translate(outer.va() + at) != TableWalker.NOT_MAPPED) {
          continue;
        }
        FaultStatus status = space.fault(outer.va() + at, access);
        if (!status.isResolved()) {
          notes.add(Note.Kind.REFUSED_HERE, call, "populating it: " + words(status));
          return;
        }
      }
    }
  }

  /** Another size, another place, or both. */
  void move(MmCall.Mremap call, long to) {
    long oldBytes = pages(call.oldBytes());
    long newBytes = pages(call.newBytes());
    guess(call.name(), call.va(), oldBytes, VmaRights.READ_WRITE);
    Range old = traced.find(call.va()).orElseThrow();
    if (to == call.va() && newBytes <= oldBytes) {
      unmap(call.va() + newBytes, oldBytes - newBytes);
    } else if (isMoved(call.va(), oldBytes, to, newBytes)) {
      traced.remove(call.va(), call.va() + oldBytes - 1);
      traced.put(new Range(to, to + newBytes - 1, old.rights(), old.guessed()));
    } else if (to == call.va()) {
      notes.add(Note.Kind.ADAPTED, call.name(), "what it gained is mapped by itself");
      Contents gained = Contents.anonymous(old.rights());
      map(call.name(), to + oldBytes, newBytes - oldBytes, gained);
    } else {
      notes.add(Note.Kind.ADAPTED, call.name(), "mapped anew, as private memory");
      unmap(call.va(), oldBytes);
      map(call.name(), to, newBytes, Contents.anonymous(old.rights()));
    }
  }

  private boolean isMoved(long va, long oldBytes, long to, long newBytes) {
    List<Carry.Piece> from = carry.pieces(va, oldBytes);
    List<Carry.Piece> target = carry.pieces(to, newBytes);
    if (((va | oldBytes | to | newBytes) & pageBytes - 1) != 0
        || from.size() > 1
        || target.size() > 1) {
      return false;
    }
    try {
      space.mremap(
          new MremapRequest(
              from.getFirst().va(),
              oldBytes,
              newBytes,
              to == va
                  ? new MremapRequest.Target.InPlace()
                  : new MremapRequest.Target.At(target.getFirst().va())));
      return true;
    } catch (InvalidRequestException e) {
      return false;
    }
  }

  /** What went through there was mapped there. */
  private void guess(String call, long va, long bytes, VmaRights rights) {
    for (long[] hole : traced.holes(va, va + bytes - 1)) {
      notes.add(Note.Kind.ADAPTED, call, "the trace does not show what was mapped there before");
      place(call, new Range(hole[0], hole[1], rights, true), Contents.anonymous(rights));
    }
  }

  // Accesses.

  /**
   * One access to one page.
   *
   * @return whether it took a fault
   */
  boolean touch(Cpu cpu, Access access, long tracedVa) {
    long va = carry.va(tracedVa);
    if (cpu.translate(va, access) >= 0) {
      return false;
    }
    requireMapped(tracedVa, access);
    for (int i = 0; i < MAX_FAULTS; i++) {
      FaultStatus status = space.fault(va, access);
      if (!status.isResolved()) {
        notes.add(Note.Kind.REFUSED_HERE, "access", words(status));
        return true;
      }
      if (cpu.translate(va, access) >= 0) {
        return true;
      }
    }
    throw new IllegalStateException(
        "access to 0x%x faults again after %d faults that were resolved".formatted(va, MAX_FAULTS));
  }

  /** It went through there, so there was a mapping that permitted it, be it shown or not. */
  private void requireMapped(long tracedVa, Access access) {
    long first = tracedVa & -TRACED_PAGE;
    Optional<Range> found = traced.find(tracedVa);
    if (found.isPresent() && !found.get().guessed()) {
      return;
    }
    VmaRights had = found.map(Range::rights).orElse(VmaRights.NONE);
    VmaRights needed =
        new VmaRights(
            true,
            had.write() || access == Access.USER_WRITE,
            had.exec() || access == Access.USER_EXEC);
    if (found.isEmpty()) {
      notes.add(Note.Kind.ADAPTED, "access", "a page that the trace does not show being mapped");
      Range page = new Range(first, first + TRACED_PAGE - 1, needed, true);
      place("access", page, Contents.anonymous(needed));
    } else if (!had.equals(needed)) {
      protect("access", first, TRACED_PAGE, needed);
    }
  }

  static String words(FaultStatus status) {
    return status.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }

  // The variant's pages.

  /** Whole pages of the trace; 0 for more than there can be. */
  static long pages(long bytes) {
    return bytes + TRACED_PAGE - 1 & -TRACED_PAGE;
  }

  private List<Carry.Piece> pieces(Range range) {
    return carry.pieces(range.firstVa(), range.lastVa() - range.firstVa() + 1);
  }

  /**
   * A page of the variant of which a range has a part.
   *
   * @param before what could be done with it before, where anything was mapped
   */
  private record Edge(long tracedVa, long va, Optional<VmaRights> before) {}

  private List<Edge> edges(List<Carry.Piece> pieces) {
    List<Edge> edges = new ArrayList<>();
    for (Carry.Piece piece : pieces) {
      long first = piece.va() & -pageBytes;
      long last = piece.va() + piece.bytes() & -pageBytes;
      if (first != piece.va()) {
        edges.add(edge(piece, first));
      }
      if (last != piece.va() + piece.bytes() && (last != first || first == piece.va())) {
        edges.add(edge(piece, last));
      }
    }
    return edges;
  }

  private Edge edge(Carry.Piece piece, long va) {
    long tracedVa = piece.tracedVa() + (va - piece.va());
    return new Edge(tracedVa, va, traced.union(tracedVa, tracedVa + pageBytes - 1));
  }

  /** Has a page that is shared as those who have it now want it. */
  private void settle(Edge edge, Range range, Contents contents) {
    Optional<VmaRights> after = traced.union(edge.tracedVa(), edge.tracedVa() + pageBytes - 1);
    if (after.isEmpty()) {
      if (edge.before().isPresent()) {
        space.munmap(edge.va(), pageBytes);
      }
    } else if (edge.before().isEmpty()) {
      space.mmap(request(range, edge.tracedVa(), edge.va(), pageBytes, contents));
    } else if (!after.equals(edge.before())) {
      space.mprotect(edge.va(), pageBytes, after.get());
    }
  }

  private List<Carry.Piece> inner(List<Carry.Piece> pieces) {
    List<Carry.Piece> inner = new ArrayList<>();
    for (Carry.Piece piece : pieces) {
      long first = piece.va() + pageBytes - 1 & -pageBytes;
      long end = piece.va() + piece.bytes() & -pageBytes;
      if (Long.compareUnsigned(first, end) < 0) {
        inner.add(new Carry.Piece(piece.tracedVa() + (first - piece.va()), first, end - first));
      }
    }
    return inner;
  }

  private List<Carry.Piece> outer(List<Carry.Piece> pieces) {
    List<Carry.Piece> outer = new ArrayList<>();
    for (Carry.Piece piece : pieces) {
      long first = piece.va() & -pageBytes;
      long end = piece.va() + piece.bytes() + pageBytes - 1 & -pageBytes;
      outer.add(new Carry.Piece(piece.tracedVa() + (first - piece.va()), first, end - first));
    }
    return outer;
  }
}

package org.mmport.scenario;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.mmport.mm.HugePageAdvice;
import org.mmport.mm.VmaRights;

/**
 * A page of a process, in the model.
 *
 * @param locked whether it stays in memory
 * @param own what it holds where that is not a file's
 * @param file the file whose page it shows as long as it has nothing of its own
 * @param home where a page of no file was mapped first
 * @param advice what was said of huge pages there, which no two parts of one mapping differ in
 */
record ModelPage(
    VmaRights rights,
    boolean shared,
    boolean locked,
    Optional<Cell> own,
    Optional<FilePage> file,
    long home,
    HugePageAdvice advice) {

  /** A page's first byte, which those who share the page have in common. */
  static final class Cell {
    private byte value;

    /** Whether it was freed lazily, so that it may be zero by now, or become so at any time. */
    private boolean mayBeZero;

    Cell(byte value) {
      this.value = value;
    }

    /** Another that holds what this one does; from then on what becomes of them is not the same. */
    Cell copy() {
      Cell copy = new Cell(value);
      copy.mayBeZero = mayBeZero;
      return copy;
    }

    StepResult read() {
      return mayBeZero ? new StepResult.ValueOrZero(value) : new StepResult.Value(value);
    }

    /** Whoever has seen zero goes on seeing it; what was seen to be there may go yet. */
    void wasSeen(StepResult seen) {
      if (mayBeZero && seen.equals(new StepResult.Value((byte) 0))) {
        write((byte) 0);
      }
    }

    void write(byte written) {
      value = written;
      mayBeZero = false;
    }

    void freeLazily() {
      mayBeZero = value != 0;
    }
  }

  /** A page of a file, which need not have so many. */
  record FilePage(FileModel file, long index) {
    boolean exists() {
      return index < file.pages;
    }

    Cell cell() {
      return file.cells.computeIfAbsent(index, i -> new Cell((byte) 0));
    }
  }

  /** A file: as many pages as it has, and what those hold that were ever looked at. */
  static final class FileModel {
    private final Map<Long, Cell> cells = new HashMap<>();
    private long pages;

    FileModel(long pages) {
      this.pages = pages;
    }

    long pages() {
      return pages;
    }

    void truncate(long newPages) {
      pages = newPages;
      cells.keySet().removeIf(index -> index >= newPages);
    }
  }

  /** A page of private memory that is zero. */
  static ModelPage anonymous(VmaRights rights, long page) {
    return new ModelPage(
        rights,
        false,
        false,
        Optional.of(new Cell((byte) 0)),
        Optional.empty(),
        page,
        HugePageAdvice.NONE);
  }

  /** A page of a file. */
  static ModelPage ofFile(VmaRights rights, boolean shared, FileModel file, long index) {
    return new ModelPage(
        rights,
        shared,
        false,
        Optional.empty(),
        Optional.of(new FilePage(file, index)),
        0,
        HugePageAdvice.NONE);
  }

  ModelPage with(VmaRights newRights) {
    return new ModelPage(newRights, shared, locked, own, file, home, advice);
  }

  ModelPage withLocked(boolean newLocked) {
    return new ModelPage(rights, shared, newLocked, own, file, home, advice);
  }

  ModelPage withAdvice(HugePageAdvice newAdvice) {
    return new ModelPage(rights, shared, locked, own, file, home, newAdvice);
  }

  /** Whether it is there when it is asked for: its file may have ended before it. */
  boolean exists() {
    return own.isPresent() || file.orElseThrow().exists();
  }

  /** As it is when it is had in memory: a page of a file that may be written is copied. */
  ModelPage populated() {
    return exists() && own.isEmpty() && rights.write() && !shared
        ? owning(file.orElseThrow().cell().copy())
        : this;
  }

  ModelPage owning(Cell cell) {
    return new ModelPage(rights, shared, locked, Optional.of(cell), file, home, advice);
  }

  /** As it was at first. */
  ModelPage fresh() {
    return next(0);
  }

  /** As a page so many further on in the same mapping is at first. */
  ModelPage next(long pages) {
    return new ModelPage(
        rights,
        shared,
        locked,
        file.isPresent() ? Optional.empty() : Optional.of(new Cell((byte) 0)),
        file.map(shown -> new FilePage(shown.file(), shown.index() + pages)),
        home + pages,
        advice);
  }

  /** Whether the page behind it, if it is that, is of the same mapping. */
  boolean joins(ModelPage behind) {
    ModelPage expected = next(1);
    return rights.equals(behind.rights)
        && shared == behind.shared
        && locked == behind.locked
        && advice == behind.advice
        && file.isPresent() == behind.file.isPresent()
        && (file.isPresent() ? expected.file.equals(behind.file) : expected.home == behind.home);
  }

  /** Whether it shows a page that a file has no more. */
  boolean isCutOff(FileModel of) {
    return file.isPresent() && file.get().file() == of && !file.get().exists();
  }
}

package org.mmport.conformance;

import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.mmport.spi.HashBits;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashNotes;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MemoryView;
import org.mmport.spi.Registers;

/** An MMU that does what another does; broken ones override one method. */
class FilterHashMmu implements HashMmu {
  final HashMmu in;

  FilterHashMmu(HashMmu in) {
    this.in = in;
  }

  @Override
  public HashBits bits() {
    return in.bits();
  }

  @Override
  public HashNotes notes() {
    return in.notes();
  }

  @Override
  public int groupEntries() {
    return in.groupEntries();
  }

  @Override
  public ByteOrder byteOrder() {
    return in.byteOrder();
  }

  @Override
  public Optional<Table> locate(Registers registers, MemoryView memory) {
    return in.locate(registers, memory);
  }

  @Override
  public HashSegment segment(long context, long va) {
    return in.segment(context, va);
  }

  @Override
  public Optional<HashSegment> slbSegment(long esidWord, long vsidWord) {
    return in.slbSegment(esidWord, vsidWord);
  }

  @Override
  public long hash(HashSegment segment, long va, int which) {
    return in.hash(segment, va, which);
  }

  @Override
  public boolean valid(HashEntry entry) {
    return in.valid(entry);
  }

  @Override
  public int which(HashEntry entry) {
    return in.which(entry);
  }

  @Override
  public boolean matches(HashEntry entry, HashSegment segment, long va, int which) {
    return in.matches(entry, segment, va, which);
  }

  @Override
  public OptionalLong va(HashEntry entry, HashSegment segment, long group, long groups) {
    return in.va(entry, segment, group, groups);
  }

  @Override
  public boolean young(HashEntry entry) {
    return in.young(entry);
  }

  @Override
  public boolean dirty(HashEntry entry) {
    return in.dirty(entry);
  }

  @Override
  public int shift(HashEntry entry, HashSegment segment) {
    return in.shift(entry, segment);
  }

  @Override
  public long physAddr(HashEntry entry, int shift) {
    return in.physAddr(entry, shift);
  }

  @Override
  public int rights(HashEntry entry, HashSegment segment) {
    return in.rights(entry, segment);
  }

  @Override
  public HashEntry encode(
      HashSegment segment, long va, long raw, Level level, int shift, int which) {
    return in.encode(segment, va, raw, level, shift, which);
  }

  @Override
  public HashEntry withProtection(HashEntry entry, HashEntry other) {
    return in.withProtection(entry, other);
  }

  @Override
  public OptionalInt slot(long raw, long slotWord) {
    return in.slot(raw, slotWord);
  }

  @Override
  public long withSlot(long raw, int slot) {
    return in.withSlot(raw, slot);
  }

  @Override
  public long withoutSlot(long raw) {
    return in.withoutSlot(raw);
  }

  @Override
  public long slotWord(int slot) {
    return in.slotWord(slot);
  }

  @Override
  public int slotWordBytes(Level level) {
    return in.slotWordBytes(level);
  }
}

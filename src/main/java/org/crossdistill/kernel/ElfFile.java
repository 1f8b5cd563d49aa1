package org.crossdistill.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * How long the file of a Linux library must be. The dynamic linker maps a file without a look at
 * its length, so that one that was cut off would end the process by a signal; whatever else is
 * wrong with a file the linker says itself.
 */
final class ElfFile {

  private static final int MAGIC = 0x464c457f; // "\177ELF", little endian
  private static final int HEADER = 64;
  private static final int CLASS = 4;
  private static final byte CLASS_64 = 2;
  private static final int SEGMENTS_AT = 32;
  private static final int SECTIONS_AT = 40;
  private static final int SEGMENT_SIZE = 54;
  private static final int SECTION_SIZE = 58;
  private static final int FILE_OFFSET = 8;
  private static final int FILE_SIZE = 32;

  private ElfFile() {}

  /**
   * Fails if a file ends before what its header says.
   *
   * @throws KernelException naming the file, the length expected and that found
   */
  static void requireWhole(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer header = read(channel, 0, HEADER);
      if (header.limit() == HEADER && header.getInt(0) == MAGIC && header.get(CLASS) == CLASS_64) {
        requireLength(file, channel, endOfTables(header));
        requireLength(file, channel, endOfSegments(channel, header));
      }
    }
  }

  private static void requireLength(Path file, FileChannel channel, long expected)
      throws IOException {
    if (channel.size() < expected) {
      throw new KernelException(
          file + ": expected " + expected + " bytes, found " + channel.size() + ": truncated");
    }
  }

  private static long endOfTables(ByteBuffer header) {
    return Math.max(
        header.getLong(SEGMENTS_AT) + tableBytes(header, SEGMENT_SIZE),
        header.getLong(SECTIONS_AT) + tableBytes(header, SECTION_SIZE));
  }

  /** The size of an entry and, behind it, their number. */
  private static int tableBytes(ByteBuffer header, int at) {
    return Math.multiplyExact(unsigned(header, at), unsigned(header, at + Short.BYTES));
  }

  private static int unsigned(ByteBuffer header, int at) {
    return Short.toUnsignedInt(header.getShort(at));
  }

  private static long endOfSegments(FileChannel channel, ByteBuffer header) throws IOException {
    int size = Math.max(unsigned(header, SEGMENT_SIZE), FILE_SIZE + Long.BYTES);
    ByteBuffer segments =
        read(channel, header.getLong(SEGMENTS_AT), tableBytes(header, SEGMENT_SIZE));
    long end = 0;
    for (int at = 0; at + size <= segments.limit(); at += size) {
      end = Math.max(end, segments.getLong(at + FILE_OFFSET) + segments.getLong(at + FILE_SIZE));
    }
    return end;
  }

  /** As many bytes as there are, up to a number. */
  private static ByteBuffer read(FileChannel channel, long from, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long at = from;
    while (buffer.hasRemaining()) {
      int read = channel.read(buffer, at);
      if (read < 0) {
        break;
      }
      at += read;
    }
    return buffer.flip();
  }
}

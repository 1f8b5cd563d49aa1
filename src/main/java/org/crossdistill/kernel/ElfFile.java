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
        long expected = end(channel, header);
        if (channel.size() < expected) {
          throw new KernelException(
              file + ": expected " + expected + " bytes, found " + channel.size() + ": truncated");
        }
      }
    }
  }

  /** Where the last of the two tables and of the segments ends. */
  private static long end(FileChannel channel, ByteBuffer header) throws IOException {
    long segmentsAt = header.getLong(SEGMENTS_AT);
    int size = header.getShort(SEGMENT_SIZE);
    int bytes = size * header.getShort(SEGMENT_SIZE + Short.BYTES);
    long sectionsAt = header.getLong(SECTIONS_AT);
    int sections = header.getShort(SECTION_SIZE) * header.getShort(SECTION_SIZE + Short.BYTES);
    long end = Math.max(segmentsAt + bytes, sectionsAt + sections);
    ByteBuffer segments = read(channel, segmentsAt, bytes);
    for (int at = 0; at + size <= segments.limit(); at += size) {
      long offset = segments.getLong(at + FILE_OFFSET);
      end = Math.max(end, offset + segments.getLong(at + FILE_SIZE));
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

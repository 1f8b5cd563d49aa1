package org.crossdistill.data;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/**
 * An array of unsigned bytes in the idx format of MNIST, plain or compressed with gzip: two zero
 * bytes, the type 8, the number of dimensions, each dimension as a big-endian int32, the values.
 *
 * @param shape sizes of the dimensions
 * @param values in row-major order
 */
record IdxFile(int[] shape, byte[] values) {

  private static final int UNSIGNED_BYTES = 8;
  private static final int GZIP_MAGIC = 0x1f8b;
  private static final long MOST_VALUES = 1L << 30;

  /**
   * Reads a file.
   *
   * @param dimensions that are expected: 1 for labels, 3 for grey pictures
   * @throws DataException naming the file: missing, of another format, cut off or too long
   */
  static IdxFile read(Path file, int dimensions) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
      DataInputStream in = new DataInputStream(new BufferedInputStream(plain(bytes)));
      return read(file, in, dimensions);
    } catch (IOException e) {
      throw IoErrors.cannotRead(file, e);
    }
  }

  private static InputStream plain(byte[] bytes) throws IOException {
    ByteArrayInputStream all = new ByteArrayInputStream(bytes);
    boolean compressed =
        bytes.length > 1 && (((bytes[0] & 0xff) << 8) | (bytes[1] & 0xff)) == GZIP_MAGIC;
    return compressed ? new GZIPInputStream(all) : all;
  }

  private static IdxFile read(Path file, DataInputStream in, int dimensions) throws IOException {
    int magic = in.readInt();
    int expected = (UNSIGNED_BYTES << 8) | dimensions;
    if (magic != expected) {
      throw new DataException(
          "%s: expected an idx file of unsigned bytes with %d dimensions (magic 0x%08x), found 0x%08x"
              .formatted(file, dimensions, expected, magic));
    }
    int[] shape = shape(file, in, dimensions);
    int count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    byte[] values = in.readNBytes(count);
    if (values.length < count || in.read() >= 0) {
      String found = values.length < count ? String.valueOf(values.length) : "more";
      throw new DataException(
          "%s: expected %d values for %s, found %s"
              .formatted(file, count, Arrays.toString(shape), found));
    }
    return new IdxFile(shape, values);
  }

  private static int[] shape(Path file, DataInputStream in, int dimensions) throws IOException {
    int[] shape = new int[dimensions];
    long count = 1;
    for (int i = 0; i < dimensions; i++) {
      shape[i] = in.readInt();
      count *= shape[i];
      if (shape[i] < 1 || count > MOST_VALUES) {
        throw new DataException(
            file
                + ": expected dimensions from 1 up to 2^30 values, found "
                + Arrays.toString(shape));
      }
    }
    return shape;
  }
}

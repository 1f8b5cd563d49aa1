package org.crossdistill.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The content of a safetensors file: metadata and named tensors. The format is eight bytes with the
 * length of a JSON header, the header (dtype, shape and byte range of each tensor), then the bytes.
 *
 * <p>The same content always gives the same bytes, in whatever order it was put together. Files up
 * to 2 GiB; immutable.
 */
public final class Safetensors {

  /** Java arrays and buffers end a few bytes below 2³¹. */
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  private final String source;
  private final Map<String, String> metadata;
  private final Map<String, TensorData> tensors;

  private Safetensors(
      String source, Map<String, String> metadata, Map<String, TensorData> tensors) {
    this.source = source;
    this.metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
    this.tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
    if (tensors.containsKey(SafetensorsHeader.METADATA)) {
      throw new DataException(
          "a tensor cannot be named " + SafetensorsHeader.METADATA + ": the format reserves it");
    }
    this.metadata.forEach(
        (name, value) -> {
          requireText("name of metadata", name);
          requireText("metadata '" + name + "'", value);
        });
    this.tensors.keySet().forEach(name -> requireText("name of a tensor", name));
  }

  /** Half a surrogate pair has no bytes in UTF-8: what is read back would be another text. */
  private static void requireText(String what, String text) {
    if (text == null || !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      String found = text == null ? "null" : "half a surrogate pair";
      throw new DataException(what + ": expected text, found " + found);
    }
  }

  /**
   * Puts content for a file together.
   *
   * @param metadata strings by name; copied
   * @param tensors by name; copied
   * @throws DataException for a tensor of the one name that the format reserves, and for a name or
   *     metadata that is no text
   */
  public Safetensors(Map<String, String> metadata, Map<String, TensorData> tensors) {
    this("new file", metadata, tensors);
  }

  /**
   * Reads a file.
   *
   * @param file read whole
   * @return its content; the tensors share one buffer
   * @throws DataException naming the file, and the tensor where there is one: missing, truncated,
   *     larger than 2 GiB, or not exactly of the format
   */
  public static Safetensors read(Path file) {
    try {
      checkSize(file, Files.size(file));
      return parse(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw IoErrors.cannotRead(file, e);
    }
  }

  /**
   * Reads the bytes of a file.
   *
   * @param source how errors call the bytes
   * @param bytes of a whole file; not to be changed afterwards
   * @return their content
   * @throws DataException as in {@link #read}
   */
  public static Safetensors parse(String source, byte[] bytes) {
    SafetensorsHeader header = new SafetensorsHeaderParser(source).parse(bytes);
    Map<String, TensorData> tensors = new TreeMap<>();
    for (SafetensorsHeader.Entry entry : header.entries()) {
      int start = header.dataStart() + (int) entry.begin();
      int length = (int) (entry.end() - entry.begin());
      ByteBuffer data = ByteBuffer.wrap(bytes, start, length);
      tensors.put(entry.name(), TensorData.of(entry.dtype(), entry.shape(), data));
    }
    return new Safetensors(source, header.metadata(), tensors);
  }

  /** {@return strings by name, in the order of the names, unmodifiable} */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** {@return tensors by name, in the order of the names, unmodifiable} */
  public Map<String, TensorData> tensors() {
    return tensors;
  }

  /**
   * Finds a tensor.
   *
   * @param name of a tensor
   * @return that tensor
   * @throws DataException naming the file when there is none, with the names there are
   */
  public TensorData tensor(String name) {
    TensorData tensor = tensors.get(name);
    if (tensor == null) {
      throw new DataException(
          source + ": expected a tensor '" + name + "', found " + tensors.keySet());
    }
    return tensor;
  }

  /**
   * Writes the file whole or not at all.
   *
   * @param file in a folder that exists; replaced if it exists
   * @throws DataException naming the file when it cannot be written or would exceed 2 GiB
   */
  public void write(Path file) {
    SafetensorsHeader header = SafetensorsHeader.layOut(metadata, tensors);
    checkSize(file, header.fileBytes());
    byte[] json = header.toJson();
    AtomicFiles.write(
        file,
        out -> {
          WritableByteChannel channel = Channels.newChannel(out);
          channel.write(lengthField(json.length));
          channel.write(ByteBuffer.wrap(json));
          for (SafetensorsHeader.Entry entry : header.entries()) {
            channel.write(tensor(entry.name()).bytes());
          }
        });
  }

  private static void checkSize(Path file, long bytes) {
    if (bytes > MAX_BYTES) {
      throw new DataException(
          file + ": expected at most 2 GiB, found " + bytes + " bytes; larger is not supported");
    }
  }

  private static ByteBuffer lengthField(long length) {
    return ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .flip();
  }
}

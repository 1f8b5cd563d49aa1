package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.crossdistill.SharedFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {

  @TempDir private Path folder;

  private static byte[] file(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes);
    return bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array();
  }

  @Test
  void writesExactlyTheBytesOfTheFormat() throws IOException {
    Path path = folder.resolve("a.safetensors");
    new Safetensors(
            Map.of("loss", "kd"),
            Map.of(
                "labels", TensorData.ofLongs(DType.I32, new long[] {3}, 1),
                "z", TensorData.ofDoubles(DType.F64, new double[] {1.5}),
                "mask", TensorData.ofLongs(DType.BOOL, new long[] {1, 0}, 2)))
        .write(path);

    String header =
        "{\"__metadata__\":{\"loss\":\"kd\"},"
            + "\"z\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"labels\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[8,12]},"
            + "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[12,14]}}";
    header += " ".repeat(Math.floorMod(-header.length(), 8));
    byte[] expected = file(header, 14);
    ByteBuffer.wrap(expected, 8 + header.length(), 14)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putDouble(1.5)
        .putInt(3)
        .put((byte) 1);
    assertThat(Files.readAllBytes(path)).isEqualTo(expected);
  }

  @Test
  void readsBackWhatItWrote() {
    Path path = folder.resolve("a.safetensors");
    Map<String, TensorData> tensors = new LinkedHashMap<>();
    double[] values = {1, -2, 0.5, Double.NaN, 0, Double.NEGATIVE_INFINITY};
    for (DType dtype : List.of(DType.F64, DType.F32, DType.F16, DType.BF16)) {
      tensors.put("in." + dtype, TensorData.ofDoubles(dtype, values, 2, 3));
    }
    for (DType dtype : List.of(DType.I64, DType.I32, DType.U8, DType.BOOL)) {
      tensors.put("in." + dtype, TensorData.ofLongs(dtype, new long[] {1, 0}, 2));
    }
    tensors.put("empty", TensorData.ofFloats(new float[0], 0, 4));
    tensors.put("größe \"x\"", TensorData.ofFloats(new float[] {7}, 1));
    new Safetensors(Map.of("kind", "aam", "note", "a\nb"), tensors).write(path);

    Safetensors read = Safetensors.read(path);
    assertThat(read.metadata())
        .containsExactly(Map.entry("kind", "aam"), Map.entry("note", "a\nb"));
    assertThat(read.tensors().keySet()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
    tensors.forEach(
        (name, tensor) -> {
          TensorData back = read.tensor(name);
          assertThat(back.dtype()).isEqualTo(tensor.dtype());
          assertThat(back.shape()).isEqualTo(tensor.shape());
          assertThat(back.bytes()).isEqualTo(tensor.bytes());
        });
    assertThat(read.tensor("in.BF16").toDoubles()).containsExactly(values);
  }

  @Test
  void theOrderOfPuttingTogetherDoesNotMatter() throws IOException {
    TensorData one = TensorData.ofFloats(new float[] {1}, 1);
    TensorData two = TensorData.ofFloats(new float[] {2}, 1);
    Map<String, TensorData> forwards = new LinkedHashMap<>(Map.of("a", one));
    forwards.put("b", two);
    Map<String, TensorData> backwards = new LinkedHashMap<>(Map.of("b", two));
    backwards.put("a", one);
    new Safetensors(Map.of(), forwards).write(folder.resolve("1"));
    new Safetensors(Map.of(), backwards).write(folder.resolve("2"));
    assertThat(Files.readAllBytes(folder.resolve("1")))
        .isEqualTo(Files.readAllBytes(folder.resolve("2")));
  }

  @Test
  void noTensorsAtAllIsAFile() {
    Path path = folder.resolve("none");
    new Safetensors(Map.of(), Map.of()).write(path);
    Safetensors none = Safetensors.read(path);
    assertThat(none.tensors()).isEmpty();
    assertThatThrownBy(() -> none.tensor("x"))
        .isInstanceOf(DataException.class)
        .hasMessage(path + ": expected a tensor 'x', found []");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          # header | data bytes | message after the file's name
          [1]                                                                  | 0 | expected a header that begins with '{'
          {"a":                                                                | 0 | bad header: Unexpected end-of-input
          {} {}                                                                | 0 | bad header: Trailing token
          {"a":1,"a":2}                                                        | 0 | bad header: Duplicate field 'a'
          {"__metadata__":{"k":1}}                                             | 0 | metadata 'k': expected a string, found 1
          {"__metadata__":[]}                                                  | 0 | metadata: expected an object, found []
          {"a":7}                                                              | 0 | tensor 'a': expected a dtype of [F64, F32, F16, BF16, I64, I32, U8, BOOL], found none
          {"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}           | 1 | tensor 'a': expected a dtype of [F64, F32, F16, BF16, I64, I32, U8, BOOL], found "F8_E4M3"
          {"a":{"dtype":"F32","data_offsets":[0,4]}}                           | 4 | tensor 'a': expected an array as shape, found none
          {"a":{"dtype":"F32","shape":[1]}}                                    | 4 | tensor 'a': expected an array as data_offsets, found none
          {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}              | 4 | tensor 'a': expected sizes ≥ 0 as shape, found [-1]
          {"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}             | 4 | tensor 'a': expected sizes ≥ 0 as shape, found [1.0]
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}         | 4 | tensor 'a': expected only [dtype, shape, data_offsets], found x
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}               | 4 | tensor 'a': expected data_offsets [begin, end], found [4, 0]
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}                 | 4 | tensor 'a': expected data_offsets [begin, end], found [0]
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}               | 4 | tensor 'a': F32[2] takes 8 bytes, found data_offsets of 4 bytes
          {"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}} | 4 | tensor 'a': shape [4294967296, 4294967296] is too large
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}               | 7 | tensor 'a': expected 8 bytes of data, found 7: truncated
          {"a":{"dtype":"U8","shape":[3000000000],"data_offsets":[0,3000000000]}} | 7 | tensor 'a': expected 3000000000 bytes of data, found 7: truncated
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}               | 6 | expected 4 bytes of data, found 6
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}               | 6 | tensor 'a': expected to begin at byte 0, found 2
          {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}} | 6 | tensors 'a' and 'b' overlap
          """)
  void aBadFileIsRefused(String header, int dataBytes, String message) {
    assertThatThrownBy(() -> Safetensors.parse("bad.safetensors", file(header, dataBytes)))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith("bad.safetensors: " + message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void everyTruncationOfAFileIsRefused() throws IOException {
    Path path = folder.resolve("a.safetensors");
    new Safetensors(Map.of("k", "v"), Map.of("a", TensorData.ofFloats(new float[] {1, 2}, 2)))
        .write(path);
    byte[] whole = Files.readAllBytes(path);
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> Safetensors.parse("part", part))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(DataException.class)
          .hasMessageStartingWith("part: ");
    }
  }

  @Test
  void anAbsurdHeaderLengthAndBadUtf8AreRefused() {
    byte[] absurd = file("{}", 0);
    absurd[7] = (byte) 0xff;
    assertThatThrownBy(() -> Safetensors.parse("x", absurd))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith("x: expected a header of 18374686479671623682 bytes, found 2");
    byte[] latin = file("{\"?\":1}", 0);
    latin[10] = (byte) 0xff;
    assertThatThrownBy(() -> Safetensors.parse("x", latin))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith("x: bad header: Invalid UTF-8");
  }

  @Test
  void aMissingFileAndAFolderAreNamed() {
    Path missing = folder.resolve("missing.safetensors");
    assertThatThrownBy(() -> Safetensors.read(missing))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot read " + missing + ": no such file or folder");
    assertThatThrownBy(() -> Safetensors.read(folder))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot read " + folder + ": is a directory");
  }

  @Test
  void aFileBeyondTwoGibibytesIsRefusedUnread() throws IOException {
    Path large = folder.resolve("large");
    try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
      file.setLength(3L << 30); // sparse
    }
    assertThatThrownBy(() -> Safetensors.read(large))
        .isInstanceOf(DataException.class)
        .hasMessage(
            large + ": expected at most 2 GiB, found 3221225472 bytes; larger is not supported");
  }

  @Test
  void aMissingTensorIsNamedWithThoseThereAre() {
    Safetensors file =
        new Safetensors(Map.of(), Map.of("in.student", TensorData.ofFloats(new float[1], 1)));
    assertThatThrownBy(() -> file.tensor("in.teacher"))
        .isInstanceOf(DataException.class)
        .hasMessage("new file: expected a tensor 'in.teacher', found [in.student]");
    assertThatThrownBy(
            () ->
                new Safetensors(
                    Map.of(), Map.of("__metadata__", TensorData.ofFloats(new float[1], 1))))
        .isInstanceOf(DataException.class);
  }

  @Test
  void readsTheGoldenFilesAndWritesThemBack() throws IOException {
    Path oracles = SharedFolder.require("oracles");
    List<Path> files;
    try (Stream<Path> walk = Files.walk(oracles)) {
      files = walk.filter(path -> path.toString().endsWith(".safetensors")).sorted().toList();
    }
    assertThat(files).hasSizeGreaterThan(200);
    Path copy = folder.resolve("copy");
    for (Path file : files) {
      Safetensors golden = Safetensors.read(file);
      golden.write(copy);
      Safetensors back = Safetensors.read(copy);
      assertThat(back.metadata()).isEqualTo(golden.metadata()).containsKey("loss");
      golden
          .tensors()
          .forEach(
              (name, tensor) -> assertThat(back.tensor(name).bytes()).isEqualTo(tensor.bytes()));
    }
  }

  @Test
  void whatIsNoTextIsRefusedBeforeAFileIsWritten() {
    Map<String, String> missing = new HashMap<>();
    missing.put("title", null);
    assertThatThrownBy(() -> new Safetensors(missing, Map.of()))
        .isInstanceOf(DataException.class)
        .hasMessage("metadata 'title': expected text, found null");
    assertThatThrownBy(() -> new Safetensors(Map.of("title", "\ud83d"), Map.of()))
        .isInstanceOf(DataException.class)
        .hasMessage("metadata 'title': expected text, found half a surrogate pair");
    TensorData one = TensorData.ofFloats(new float[1], 1);
    assertThatThrownBy(() -> new Safetensors(Map.of(), Map.of("\ude00", one)))
        .isInstanceOf(DataException.class)
        .hasMessage("name of a tensor: expected text, found half a surrogate pair");
  }
}

package org.crossdistill.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Results as JSON. */
final class Json {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Json() {}

  /** The value on one line. */
  static String line(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write as JSON: " + value, e);
    }
  }

  /** A list in UTF-8, each element on a line of its own. */
  static byte[] rows(List<?> rows) {
    return rows.stream()
        .map(Json::line)
        .collect(Collectors.joining(",\n", "[\n", "\n]\n"))
        .getBytes(StandardCharsets.UTF_8);
  }

  /** The elements of a list in a file. */
  static <T> List<T> read(Path file, Class<T[]> type) throws IOException {
    return List.of(JSON.readValue(file.toFile(), type));
  }
}

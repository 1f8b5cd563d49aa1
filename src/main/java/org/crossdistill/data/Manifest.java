package org.crossdistill.data;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A CSV file with a header line that says what the files of a folder hold. */
final class Manifest {

  private final Path file;
  private final List<Map<String, String>> rows;
  private final List<Integer> numbers;

  private Manifest(Path file, List<Map<String, String>> rows, List<Integer> numbers) {
    this.file = file;
    this.rows = rows;
    this.numbers = numbers;
  }

  /**
   * Reads a file.
   *
   * @throws DataException naming the file: missing, without rows, or a line with other columns
   */
  static Manifest read(Path file) {
    List<Map<String, String>> rows = new ArrayList<>();
    try (Reader reader = Files.newBufferedReader(file)) {
      MappingIterator<Map<String, String>> lines =
          new CsvMapper()
              .readerForMapOf(String.class)
              .with(CsvSchema.emptySchema().withHeader().withColumnReordering(false))
              .readValues(reader);
      while (lines.hasNextValue()) {
        rows.add(lines.nextValue());
      }
    } catch (IOException e) {
      throw IoErrors.cannotRead(file, e);
    }
    if (rows.isEmpty()) {
      throw new DataException(file + ": expected a header line and rows, found no rows");
    }
    return new Manifest(file, rows, IntStream.rangeClosed(1, rows.size()).boxed().toList());
  }

  int size() {
    return rows.size();
  }

  /** Some of the rows, by index, which keep their numbers: the others need not be filled. */
  Manifest only(List<Integer> chosen) {
    return new Manifest(
        file, chosen.stream().map(rows::get).toList(), chosen.stream().map(numbers::get).toList());
  }

  /** The number of a row in the file, from 1. */
  int number(int row) {
    return numbers.get(row);
  }

  /**
   * Reads a column of numbers.
   *
   * @throws DataException naming the column, or the row whose value is no finite number
   */
  List<Float> numbers(String name) {
    List<String> texts = column(name);
    List<Float> values = new ArrayList<>();
    for (int row = 0; row < texts.size(); row++) {
      values.add(number(texts.get(row), name, row));
    }
    return values;
  }

  private float number(String text, String name, int row) {
    float value = Float.NaN;
    try {
      value = Float.parseFloat(text);
    } catch (NumberFormatException e) {
      // NaN is refused below, as what was written is.
    }
    if (!Float.isFinite(value)) {
      throw new DataException(
          "%s, row %d: expected a finite number in column '%s', found '%s'"
              .formatted(file, number(row), name, text));
    }
    return value;
  }

  /**
   * Reads a column.
   *
   * @return one value a row, none empty
   * @throws DataException naming the column, or the row that has no value there
   */
  List<String> column(String name) {
    if (!rows.get(0).containsKey(name)) {
      throw new DataException(
          "%s: expected a column '%s', found %s".formatted(file, name, rows.get(0).keySet()));
    }
    List<String> values = new ArrayList<>();
    for (int row = 0; row < rows.size(); row++) {
      String value = rows.get(row).get(name);
      if (value == null || value.isBlank()) {
        throw new DataException(
            "%s, row %d: expected a value in column '%s', found none"
                .formatted(file, number(row), name));
      }
      values.add(value.strip());
    }
    return values;
  }
}

package org.crossdistill.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.data.DataException;

/**
 * The folder of one training: {@code model.safetensors} and {@code card.json} at the end, {@code
 * metrics.jsonl} and {@code last.safetensors} after each epoch, {@code timings.jsonl} apart, since
 * only times differ between two runs of one seed. A folder that was made for nothing goes when it
 * is closed.
 */
public final class RunFolder implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectWriter PRETTY = JSON.writerWithDefaultPrettyPrinter();

  /** Names of the files in the folder. */
  static final String CARD = "card.json";

  static final String MODEL = "model.safetensors";
  static final String OTHER_MODEL = "other-model.safetensors";
  static final String CHECKPOINT = "last.safetensors";
  static final String METRICS = "metrics.jsonl";
  static final String TIMINGS = "timings.jsonl";

  private final Path folder;
  private final List<Path> made;
  private final List<String> metrics = new ArrayList<>();
  private final List<String> timings = new ArrayList<>();

  private RunFolder(Path folder, List<Path> made) {
    this.folder = folder;
    this.made = made;
  }

  /**
   * Makes the folder if it is not there.
   *
   * @throws DataException if it can't be made or written to
   */
  public static RunFolder open(Path folder) {
    // While another one of the same parent is closed, that parent may come and go.
    synchronized (RunFolder.class) {
      List<Path> made = AtomicFiles.createFolders(folder);
      if (!Files.isWritable(folder)) {
        throw new DataException("folder " + folder + ": expected a writable folder, found none");
      }
      return new RunFolder(folder, made);
    }
  }

  /** Whether there is a training in a folder that could be gone on with or would be lost. */
  public static boolean holdsRun(Path folder) {
    return Files.exists(folder.resolve(CHECKPOINT)) || Files.exists(folder.resolve(MODEL));
  }

  /** Removes the folder, and those that were made to hold it, where nothing was written to them. */
  @Override
  public void close() {
    synchronized (RunFolder.class) {
      AtomicFiles.removeEmpty(made);
    }
  }

  /** The folder itself. */
  Path path() {
    return folder;
  }

  /** The final model. */
  public Path model() {
    return folder.resolve(MODEL);
  }

  /** The final model of the other modality, where the method trains one. */
  public Path otherModel() {
    return folder.resolve(OTHER_MODEL);
  }

  /** The state after the last epoch that was finished, to resume from. */
  public Path checkpoint() {
    return folder.resolve(CHECKPOINT);
  }

  /** What the model is and what was measured; there at the end of the training only. */
  Path card() {
    return folder.resolve(CARD);
  }

  /** One line an epoch: terms of the loss and validation. */
  Path metrics() {
    return folder.resolve(METRICS);
  }

  /** One line an epoch: how long it took. */
  Path timings() {
    return folder.resolve(TIMINGS);
  }

  /**
   * Takes over the lines of the first epochs, before a training resumes.
   *
   * @throws DataException naming the file that lacks some of them
   */
  void keep(int epochs) {
    keep(metrics(), metrics, epochs);
    keep(timings(), timings, epochs);
  }

  private static void keep(Path file, List<String> lines, int epochs) {
    List<String> all = Files.exists(file) ? read(file) : List.of();
    if (all.size() < epochs) {
      throw new DataException(
          file + ": expected a line for each of " + epochs + " epochs, found " + all.size());
    }
    lines.addAll(all.subList(0, epochs));
  }

  private static List<String> read(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new DataException("cannot read " + file + ": " + e, e);
    }
  }

  /** Adds an epoch's line to the metrics and to the timings. */
  void append(EpochReport report) {
    Map<String, Object> metric = new LinkedHashMap<>();
    metric.put("epoch", report.epoch());
    metric.put("learning-rate", report.learningRate());
    metric.put("train", report.terms());
    metric.put("validation", report.validation());
    metrics.add(line(metric));
    Map<String, Object> timing = new LinkedHashMap<>();
    timing.put("epoch", report.epoch());
    timing.put("seconds", report.seconds());
    timing.put("samples-per-second", report.samples() / report.seconds());
    timings.add(line(timing));
    write(metrics(), metrics);
    write(timings(), timings);
  }

  /** Writes the card beside the model: what it is and what was measured. */
  void writeCard(Map<String, Object> card) {
    writeJson(card().getFileName().toString(), card);
  }

  /** Forgets that a training came to its end here; a new one begins. */
  void reopen() {
    remove(card());
  }

  /** Removes what an earlier training left for the other modality. */
  void removeOtherModel() {
    remove(otherModel());
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new DataException("cannot replace " + file + ": " + e, e);
    }
  }

  /** Writes a JSON file of this folder whole or not at all. */
  public void writeJson(String name, Object value) {
    try {
      AtomicFiles.write(folder.resolve(name), PRETTY.writeValueAsString(value) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write as JSON: " + value, e);
    }
  }

  private static String line(Object value) {
    return ModelFile.json(value);
  }

  private static void write(Path file, List<String> lines) {
    String text = String.join("\n", lines) + "\n";
    AtomicFiles.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}

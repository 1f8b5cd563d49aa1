package org.crossdistill.train;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.crossdistill.data.Safetensors;

/**
 * The state between two epochs of a training, as a safetensors file: networks, optimiser, the best
 * model so far. A training that resumes from it gives the same bits as one that never stopped.
 */
final class Checkpoint {

  private static final String FORMAT = "format";
  private static final String FORMAT_NAME = "crossdistill-checkpoint";
  private static final String FORMAT_VERSION = "format-version";
  private static final String VERSION = "2";
  private static final String EPOCH = "epoch";
  private static final String CONFIG = "config";
  private static final String SEED = "seed";
  private static final String STATE = "state.";

  private Checkpoint() {}

  static void write(Path file, Trainer trainer, BestModels best, String config, long seed) {
    var tensors = TensorBytes.of(STATE, trainer.state());
    tensors.putAll(best.tensors());
    Map<String, String> metadata = new TreeMap<>(best.metadata());
    metadata.put(FORMAT, FORMAT_NAME);
    metadata.put(FORMAT_VERSION, VERSION);
    metadata.put(EPOCH, Integer.toString(trainer.epochsDone()));
    metadata.put(CONFIG, config);
    metadata.put(SEED, Long.toString(seed));
    new Safetensors(metadata, tensors).write(file);
  }

  /**
   * Brings a new trainer to the state of the file.
   *
   * @throws CheckpointException if the file is none, or of another version, configuration or seed
   */
  static void read(Path file, Trainer trainer, BestModels best, String config, long seed) {
    Safetensors content = Safetensors.read(file);
    Map<String, String> metadata = content.metadata();
    expect(file, metadata, FORMAT, FORMAT_NAME);
    expect(file, metadata, FORMAT_VERSION, VERSION);
    expect(file, metadata, SEED, Long.toString(seed));
    expect(file, metadata, CONFIG, config);
    TensorBytes.copy(file.toString(), content.tensors(), STATE, trainer.state());
    best.read(content);
    trainer.resume(Integer.parseInt(metadata.get(EPOCH)));
  }

  private static void expect(Path file, Map<String, String> metadata, String key, String expected) {
    String found = metadata.get(key);
    if (!expected.equals(found)) {
      throw new CheckpointException(
          file + ": " + key + ": expected " + expected + ", found " + found);
    }
  }
}

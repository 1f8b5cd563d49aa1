package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A trained model at work: embeds files of its modality and names their classes, by the classes it
 * was trained on or, where the model holds text embeddings, by those of any class, unseen ones
 * included. Not safe for use by several threads at once.
 */
public final class Predictor {

  /**
   * A class and how near it is.
   *
   * @param name of the class
   * @param cosine with the file's embedding, from −1 to 1
   */
  public record Prediction(String name, double cosine) {}

  private final ModelFile model;
  private final Kind kind;
  private final Function<Path, float[]> reader;
  private final long[] shape;

  /**
   * @throws ConfigException if the model's modality comes from no files
   */
  public Predictor(ModelFile model) {
    this.model = model;
    DataOptions data = Experiment.of(model.config()).settings().data();
    kind = data.kind(model.role());
    reader =
        data.reader(model.role())
            .orElseThrow(() -> new ConfigException("a model of " + kind.key() + " takes no files"));
    shape = data.shape(model.role()).orElseThrow();
  }

  /** What the model takes. */
  public Kind kind() {
    return kind;
  }

  /**
   * The embedding of a file, [D], not normalised.
   *
   * @throws org.crossdistill.data.DataException if the file is not of the model's modality
   */
  public float[] embed(Path file) {
    return Embedder.embed(model.model().backbone(), reader.apply(file), shape);
  }

  /** The nearest classes of the training, nearest first. */
  public List<Prediction> trainedClasses(float[] embedding, int count) {
    float[][] cosines =
        Embedder.map(new float[][] {embedding}, model.model().classifier()::forward);
    return nearest(model.classes(), cosines[0], count);
  }

  /** The classes with the nearest text embedding, nearest first; none without text embeddings. */
  public List<Prediction> textClasses(float[] embedding, int count) {
    float[] cosines = new float[model.textClasses().size()];
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] = (float) cosine(embedding, model.textEmbeddings()[i]);
    }
    return nearest(model.textClasses(), cosines, count);
  }

  private static List<Prediction> nearest(List<String> names, float[] cosines, int count) {
    List<Prediction> all = new ArrayList<>();
    IntStream.range(0, cosines.length)
        .forEach(i -> all.add(new Prediction(names.get(i), cosines[i])));
    all.sort(Comparator.comparingDouble(Prediction::cosine).reversed());
    return List.copyOf(all.subList(0, Math.min(count, all.size())));
  }

  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    double squareA = 0;
    double squareB = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      squareA += (double) a[i] * a[i];
      squareB += (double) b[i] * b[i];
    }
    return squareA == 0 || squareB == 0 ? 0 : dot / Math.sqrt(squareA * squareB);
  }
}

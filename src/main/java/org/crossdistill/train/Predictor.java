package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.NetworkException;

/**
 * A trained model at work: embeds files of its modality and names their classes, by the classes it
 * was trained on or, where the model holds text embeddings, by those of any class, unseen ones
 * included. Not safe for use by several threads at once.
 */
public final class Predictor {

  /** What a class's score is. */
  public enum Score {
    /** Cosine of the class with the file's embedding, from −1 to 1. */
    COSINE("cosine"),
    /** Output of a classifier that knows no cosines, of any size. */
    LOGIT("logit");

    private final String key;

    Score(String key) {
      this.key = key;
    }

    /** The name in outputs. */
    public String key() {
      return key;
    }
  }

  /**
   * A class and how much speaks for it.
   *
   * @param name of the class
   * @param score what the value is
   * @param value the larger, the more
   */
  public record Prediction(String name, Score score, double value) {}

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

  /**
   * Those of several files: of all before there is anything to print, so that one that cannot be
   * read leaves no half of an answer.
   *
   * @throws org.crossdistill.data.DataException if a file is not of the model's modality
   */
  public List<float[]> embed(List<Path> files) {
    return files.stream().map(this::embed).toList();
  }

  /**
   * The likeliest classes of the training, likeliest first.
   *
   * @param embedding of {@link #embed}, [D], finite
   * @param count how many at most, ≥ 0
   * @throws org.crossdistill.nn.NetworkException if one of them is something else
   */
  public List<Prediction> trainedClasses(float[] embedding, int count) {
    require(embedding, count);
    Layer classifier = model.model().classifier();
    float[][] values = Embedder.map(new float[][] {embedding}, classifier::forward);
    Score score = classifier instanceof Classifier ? Score.COSINE : Score.LOGIT;
    return best(model.classes(), score, values[0], count);
  }

  /**
   * The classes with the nearest text embedding, nearest first; none without text embeddings.
   *
   * @param embedding of {@link #embed}, [D], finite
   * @param count how many at most, ≥ 0
   * @throws org.crossdistill.nn.NetworkException if one of them is something else
   */
  public List<Prediction> textClasses(float[] embedding, int count) {
    require(embedding, count);
    float[] cosines = new float[model.textClasses().size()];
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] = (float) cosine(embedding, model.textEmbeddings()[i]);
    }
    return best(model.textClasses(), Score.COSINE, cosines, count);
  }

  private void require(float[] embedding, int count) {
    int size = model.model().backbone().embeddingSize();
    if (embedding.length != size) {
      throw new NetworkException(
          "embedding: expected %d numbers, found %d".formatted(size, embedding.length));
    }
    for (float value : embedding) {
      if (!Float.isFinite(value)) {
        throw new NetworkException("embedding: expected finite numbers, found " + value);
      }
    }
    if (count < 0) {
      throw new NetworkException("count: expected at least 0, found " + count);
    }
  }

  private static List<Prediction> best(List<String> names, Score score, float[] values, int count) {
    List<Prediction> all = new ArrayList<>();
    IntStream.range(0, values.length)
        .forEach(i -> all.add(new Prediction(names.get(i), score, values[i])));
    all.sort(Comparator.comparingDouble(Prediction::value).reversed());
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

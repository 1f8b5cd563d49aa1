package org.crossdistill.data;

import java.util.List;

/** Texts as bags of features, which are counted when they are first asked for. */
public final class TextSamples implements Samples {

  private final List<String> texts;
  private final List<String> fitted;
  private FeatureSamples features;

  /**
   * @param texts of all samples
   * @param fitted the training texts, whose words and character n-grams are the features
   */
  public TextSamples(List<String> texts, List<String> fitted) {
    this.texts = List.copyOf(texts);
    this.fitted = List.copyOf(fitted);
  }

  private synchronized FeatureSamples features() {
    if (features == null) {
      features = new FeatureSamples(TextVectorizer.fit(fitted).transform(texts).toDense());
    }
    return features;
  }

  @Override
  public int size() {
    return texts.size();
  }

  @Override
  public long[] shape() {
    return features().shape();
  }

  @Override
  public void write(int sample, float[] out, int to) {
    features().write(sample, out, to);
  }
}

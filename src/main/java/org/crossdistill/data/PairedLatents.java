package org.crossdistill.data;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Generated pairs of two modalities whose truth is known, for tests and scaling studies. Sample i
 * of class c has
 *
 * <pre>
 * s   = μ_c + N(0, 1)             shared factors: in both modalities, tell the class
 * p_m = ν^m_c + N(0, 1)           private factors: in modality m alone, tell the class
 * n_m = N(0, 1)                   nuisance factors: in modality m alone, tell nothing
 * x_m = A_m·[s; p_m; n_m]/√k + σ_m·N(0, 1)
 * </pre>
 *
 * <p>with class means μ_c and ν_c drawn once from N(0, separation²) and fixed random matrices A_m.
 * A planted share of each modality's samples is of low quality (σ is a multiple), of the pairs
 * misaligned (modality 1 shows a sample of another class), of the labels wrong. Where the
 * modalities overlap, the first columns of x_2 are those of x_1 itself, noise included (in a
 * misaligned pair those that modality 1 would show of the same sample).
 *
 * @param first x_1, [N][size]
 * @param second x_2, [N][size]
 * @param labels as a user would have them, some of them wrong, [N]
 * @param truth what was planted
 */
public record PairedLatents(float[][] first, float[][] second, int[] labels, Truth truth) {

  /**
   * How pairs are generated.
   *
   * @param samples N, from 2 to 10 million
   * @param classes C, from 2 to N
   * @param shared number of shared factors, from 1 to 10 000
   * @param privateFactors number of private factors of each modality, from 0 to 10 000
   * @param nuisance number of nuisance factors of each modality, from 0 to 10 000
   * @param size columns of x_m, from 1 to 10 000
   * @param separation standard deviation of the class means, ≥ 0
   * @param noise σ of a good sample, ≥ 0
   * @param lowQuality share of each modality's samples with 4·σ, in [0, 1]
   * @param misaligned share of misaligned pairs, in [0, 1]
   * @param labelNoise share of wrong labels, in [0, 1]
   * @param overlap share of x_2's columns, rounded, that are columns of x_1, in [0, 1]
   */
  public record Options(
      int samples,
      int classes,
      int shared,
      int privateFactors,
      int nuisance,
      int size,
      double separation,
      double noise,
      double lowQuality,
      double misaligned,
      double labelNoise,
      double overlap) {

    /** 2000 samples of 10 classes, 8 factors of each kind, 64 columns, nothing planted. */
    public static Options defaults() {
      return new Options(2000, 10, 8, 8, 8, 64, 1, 0.5, 0, 0, 0, 0);
    }

    /** Checks the ranges. */
    public Options {
      DataException.requireRange("samples", samples, 2, 10_000_000);
      boolean filled = classes >= 2 && classes <= samples;
      DataException.require(filled, "classes", "from 2 to samples = " + samples, classes);
      DataException.requireRange("shared", shared, 1, MOST_COLUMNS);
      DataException.requireRange("private-factors", privateFactors, 0, MOST_COLUMNS);
      DataException.requireRange("nuisance", nuisance, 0, MOST_COLUMNS);
      DataException.requireRange("size", size, 1, MOST_COLUMNS);
      DataException.require(finite(separation), "separation", "a finite number >= 0", separation);
      DataException.require(finite(noise), "noise", "a finite number >= 0", noise);
      DataException.requireShare("low-quality", lowQuality);
      DataException.requireShare("misaligned", misaligned);
      DataException.requireShare("label-noise", labelNoise);
      DataException.requireShare("overlap", overlap);
    }

    /**
     * The quality of samples as one would measure it: minus the standard deviation of the noise.
     *
     * @param low which of them are of low quality
     */
    public float[] quality(boolean[] low) {
      float[] quality = new float[low.length];
      for (int i = 0; i < low.length; i++) {
        quality[i] = (float) (low[i] ? -noise * LOW_QUALITY_FACTOR : -noise);
      }
      return quality;
    }

    private static boolean finite(double value) {
      return value >= 0 && Double.isFinite(value);
    }
  }

  /**
   * What a user would not know.
   *
   * @param classes true class of each sample, that of its second modality, [N]
   * @param firstFactors what the first modality's samples show
   * @param secondFactors what the second modality's samples show in columns of their own
   * @param firstLow whether the first modality's sample is of low quality, [N]
   * @param secondLow whether the second modality's sample is of low quality in columns of its own,
   *     [N]
   * @param misaligned whether the first modality shows a sample of another class, [N]
   * @param wrongLabel whether the label is not the true class, [N]
   */
  public record Truth(
      int[] classes,
      Factors firstFactors,
      Factors secondFactors,
      boolean[] firstLow,
      boolean[] secondLow,
      boolean[] misaligned,
      boolean[] wrongLabel) {}

  /**
   * What is behind the samples of one modality.
   *
   * @param shared s, the same in both modalities unless the pair is misaligned, [N][shared]
   * @param own p_m, [N][privateFactors]
   * @param nuisance n_m, [N][nuisance]
   */
  public record Factors(float[][] shared, float[][] own, float[][] nuisance) {

    private Factors(int count) {
      this(new float[count][], new float[count][], new float[count][]);
    }
  }

  private static final int MOST_COLUMNS = 10_000;
  private static final double LOW_QUALITY_FACTOR = 4;

  /** One modality: class means of its private factors, and how factors become columns. */
  private record View(double[][] means, double[][] mixing) {}

  /** Factors of one sample of one modality. */
  private record Sample(double[] shared, double[] own, double[] nuisance) {

    private void write(Factors factors, int row) {
      factors.shared[row] = floats(shared);
      factors.own[row] = floats(own);
      factors.nuisance[row] = floats(nuisance);
    }
  }

  /**
   * Generates pairs; the same options and seed give the same bits.
   *
   * @throws DataException if they would take more than half of Java's heap
   */
  public static PairedLatents generate(Options options, long seed) {
    PairedLatentsMemory.require(options, Runtime.getRuntime().maxMemory());
    SplittableRandom world = Seeds.random(seed, "latents", 0);
    double[][] sharedMeans = means(world, options, options.shared);
    View one = view(world, options);
    View two = view(world, options);
    RandomGenerator random = Seeds.random(seed, "latents", 1);
    Truth truth = truth(options, random);
    float[][] first = new float[options.samples][];
    float[][] second = new float[options.samples][];
    int[] labels = new int[options.samples];
    for (int i = 0; i < labels.length; i++) {
      int own = truth.classes[i];
      double[] factors = around(random, sharedMeans[own]);
      Sample twoShows = sample(random, options, two, own, factors);
      second[i] = observe(random, options, two, twoShows, truth.secondLow[i]);
      twoShows.write(truth.secondFactors, i);
      int shown = truth.misaligned[i] ? other(random, own, options.classes) : own;
      double[] shownFactors = truth.misaligned[i] ? around(random, sharedMeans[shown]) : factors;
      Sample oneShows = sample(random, options, one, shown, shownFactors);
      first[i] = observe(random, options, one, oneShows, truth.firstLow[i]);
      oneShows.write(truth.firstFactors, i);
      labels[i] = truth.wrongLabel[i] ? other(random, own, options.classes) : own;
    }
    overlap(options, Seeds.random(seed, "latents", 2), one, truth, first, second);
    return new PairedLatents(first, second, labels, truth);
  }

  private static void overlap(
      Options options,
      RandomGenerator random,
      View one,
      Truth truth,
      float[][] first,
      float[][] second) {
    int common = (int) Math.round(options.overlap * options.size);
    for (int i = 0; i < second.length; i++) {
      float[] own = first[i];
      if (truth.misaligned[i]) {
        double[] shared = doubles(truth.secondFactors.shared[i]);
        Sample aligned = sample(random, options, one, truth.classes[i], shared);
        own = observe(random, options, one, aligned, truth.firstLow[i]);
      }
      System.arraycopy(own, 0, second[i], 0, common);
    }
  }

  private static Truth truth(Options options, RandomGenerator random) {
    int count = options.samples;
    int[] classes = new int[count];
    Arrays.setAll(classes, i -> i % options.classes);
    Permutations.shuffle(classes, random);
    return new Truth(
        classes,
        new Factors(count),
        new Factors(count),
        planted(random, count, options.lowQuality),
        planted(random, count, options.lowQuality),
        planted(random, count, options.misaligned),
        planted(random, count, options.labelNoise));
  }

  /** Exactly the share, rounded, at random places. */
  private static boolean[] planted(RandomGenerator random, int count, double share) {
    int[] order = new int[count];
    Arrays.setAll(order, i -> i);
    Permutations.shuffle(order, random);
    boolean[] planted = new boolean[count];
    for (int i = 0; i < Math.round(share * count); i++) {
      planted[order[i]] = true;
    }
    return planted;
  }

  private static View view(RandomGenerator random, Options options) {
    int factors = options.shared + options.privateFactors + options.nuisance;
    double[][] mixing = new double[options.size][factors];
    for (double[] row : mixing) {
      Arrays.setAll(row, j -> random.nextGaussian() / Math.sqrt(factors));
    }
    return new View(means(random, options, options.privateFactors), mixing);
  }

  private static double[][] means(RandomGenerator random, Options options, int factors) {
    double[][] means = new double[options.classes][factors];
    for (double[] mean : means) {
      Arrays.setAll(mean, j -> options.separation * random.nextGaussian());
    }
    return means;
  }

  private static Sample sample(
      RandomGenerator random, Options options, View view, int label, double[] shared) {
    double[] own = around(random, view.means[label]);
    return new Sample(shared, own, around(random, new double[options.nuisance]));
  }

  private static float[] observe(
      RandomGenerator random, Options options, View view, Sample shown, boolean low) {
    double sigma = options.noise * (low ? LOW_QUALITY_FACTOR : 1);
    float[] columns = new float[options.size];
    for (int i = 0; i < columns.length; i++) {
      double[] weights = view.mixing[i];
      double sum = dot(weights, 0, shown.shared);
      sum += dot(weights, shown.shared.length, shown.own);
      sum += dot(weights, shown.shared.length + shown.own.length, shown.nuisance);
      columns[i] = (float) (sum + sigma * random.nextGaussian());
    }
    return columns;
  }

  private static double dot(double[] weights, int from, double[] factors) {
    double sum = 0;
    for (int j = 0; j < factors.length; j++) {
      sum += weights[from + j] * factors[j];
    }
    return sum;
  }

  private static double[] around(RandomGenerator random, double[] mean) {
    double[] values = new double[mean.length];
    Arrays.setAll(values, j -> mean[j] + random.nextGaussian());
    return values;
  }

  private static int other(RandomGenerator random, int own, int classes) {
    return (own + 1 + random.nextInt(classes - 1)) % classes;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    Arrays.setAll(doubles, i -> values[i]);
    return doubles;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}

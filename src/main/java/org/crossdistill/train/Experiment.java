package org.crossdistill.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.crossdistill.data.FilePath;
import org.crossdistill.data.PictureAugmentation;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.Methods;
import org.crossdistill.method.ModelShape;
import org.crossdistill.method.Need;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.SmallResNet;

/**
 * All settings of one training: data, networks, method, optimisation.
 *
 * @param settings everything but the method
 * @param method by name
 * @param methodOptions the method's own record of options
 */
public record Experiment(Settings settings, Methods.Entry method, Record methodOptions) {

  private static final String METHOD = "method";
  private static final String NAME = "name";

  /**
   * The settings that all methods share; each component is a table of the configuration.
   *
   * @param seeds of the runs, one run a seed
   * @param threads LibTorch threads of one run; with one, the same seed gives the same bits, with
   *     more LibTorch's convolutions add in an order that changes from run to run
   * @param data which samples
   * @param augmentation of the training pictures
   * @param teacher the teacher of the other modality
   * @param student sizes of the student's backbone
   * @param identityLoss the student's identity loss
   * @param train length and steps of the training
   * @param optimizer update rule
   * @param initialStudent a saved model whose student and classifier every run starts with; null =
   *     both start at random
   */
  public record Settings(
      List<Long> seeds,
      int threads,
      DataOptions data,
      PictureAugmentation augmentation,
      TeacherOptions teacher,
      SmallResNet.Options student,
      MarginClassifierLoss.Options identityLoss,
      TrainOptions train,
      OptimizerOptions optimizer,
      @FilePath String initialStudent) {

    /** The defaults of all tables, one run with seed 0, one thread. */
    public static Settings defaults() {
      return new Settings(
          List.of(0L),
          1,
          DataOptions.defaults(),
          PictureAugmentation.defaults(),
          TeacherOptions.defaults(),
          SmallResNet.Options.defaults(),
          MarginClassifierLoss.Options.defaults(),
          TrainOptions.defaults(),
          OptimizerOptions.defaults(),
          null);
    }

    /** Checks the ranges. */
    public Settings {
      seeds = List.copyOf(seeds);
      Options.require(!seeds.isEmpty(), "seeds", "at least one seed", seeds);
      long distinct = seeds.stream().distinct().count();
      Options.require(distinct == seeds.size(), "seeds", "different seeds", seeds);
      Options.require(threads >= 1, "threads", "at least 1", threads);
    }
  }

  /**
   * Binds a configuration.
   *
   * @throws ConfigException naming an unknown key or a value that doesn't fit
   */
  @SuppressWarnings("unchecked")
  public static Experiment of(Map<String, Object> config) {
    rejectUnknown(config, List.of(), "");
    Map<String, Object> shared = new TreeMap<>(config);
    Object method = shared.remove(METHOD);
    if (!(method instanceof Map)) {
      String found = method == null ? "none" : method.toString();
      throw new ConfigException("method: expected a table with a name, found " + found);
    }
    Map<String, Object> own = new TreeMap<>((Map<String, Object>) method);
    Methods.Entry entry = entry(own.remove(NAME));
    Record options = ConfigBinder.bind(entry.options(), own, METHOD);
    Settings settings = ConfigBinder.bind(Settings.class, shared, "");
    Experiment experiment = new Experiment(settings, entry, options);
    experiment.check();
    return experiment;
  }

  /**
   * Fails if a key of the first level is none of an experiment.
   *
   * @param beside keys that the table has beside these
   * @param path what error messages call the table
   */
  static void rejectUnknown(Map<String, Object> table, List<String> beside, String path) {
    List<String> others = new ArrayList<>(beside);
    others.add(METHOD);
    ConfigBinder.rejectUnknown(table.keySet(), Settings.class, others, path);
  }

  private static Methods.Entry entry(Object name) {
    List<String> known = Methods.all().stream().map(Methods.Entry::name).toList();
    return Methods.all().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new ConfigException(
                    "method.name: expected one of "
                        + String.join(", ", known)
                        + ", found "
                        + name));
  }

  /** The configuration that gives this experiment, with every key. */
  public Map<String, Object> table() {
    Map<String, Object> table = new LinkedHashMap<>(ConfigBinder.table(settings));
    Map<String, Object> own = new LinkedHashMap<>();
    own.put(NAME, method.name());
    own.putAll(ConfigBinder.table(methodOptions));
    table.put(METHOD, own);
    return table;
  }

  /** The same with a single seed: one training of a comparison. */
  Experiment forSeed(long seed) {
    Settings s = settings;
    Settings one =
        new Settings(
            List.of(seed),
            s.threads(),
            s.data(),
            s.augmentation(),
            s.teacher(),
            s.student(),
            s.identityLoss(),
            s.train(),
            s.optimizer(),
            s.initialStudent());
    return new Experiment(one, method, methodOptions);
  }

  /** What the method needs of the teacher. */
  Set<Need> needs() {
    return method.needs().apply(methodOptions);
  }

  /**
   * Fails if the method cannot do without something that these settings don't give.
   *
   * @throws ConfigException naming what is missing
   */
  private void check() {
    DataOptions data = settings.data();
    boolean network = settings.teacher().kind() == TeacherOptions.Kind.CLASSIFIER;
    for (Need need : new TreeSet<>(needs())) {
      String missing =
          switch (need) {
            case TEACHER_BACKBONE -> network ? null : "teacher.kind = \"embedding\" has none";
            case LABELS -> data.missingLabels();
            case PAIRS -> data.missingPairs();
            case MAPS -> missingMaps(data);
            case TEACHER_EMBEDDING, TEACHER_LOGITS, TEACHER_CLASSIFIER ->
                network || !data.kind(Role.OTHER).maps()
                    ? null
                    : "teacher.kind = \"embedding\" takes no " + data.kind(Role.OTHER).key() + "s";
            case OTHER_INPUT -> null;
          };
      if (missing != null) {
        throw new ConfigException(method.name() + " needs " + need.words() + "; " + missing);
      }
    }
  }

  private static String missingMaps(DataOptions data) {
    for (Role role : Role.values()) {
      if (!data.kind(role).maps()) {
        String whose = role == Role.STUDENT ? " student" : " teacher";
        return "the " + data.kind(role).key() + whose + " has none";
      }
    }
    return null;
  }

  /**
   * The networks of a saved model, without their values.
   *
   * @throws ConfigException if the data alone tell what the modality's network takes
   */
  Method.SingleModal model(Role role, int classes, int embeddingSize) {
    DataOptions data = settings.data();
    long[] input =
        data.shape(role)
            .orElseThrow(
                () -> new ConfigException("no model of " + data.kind(role).key() + " can be read"));
    Function<RandomGenerator, Backbone> backbone =
        random -> Networks.of(role, input, settings, random);
    ModelShape shape = new ModelShape(backbone, classes, embeddingSize);
    return method.model().create(methodOptions, shape, new SplittableRandom(0));
  }

  /** Makes the method with its networks. */
  Method createMethod(MethodContext context) {
    return method.create().apply(methodOptions, context);
  }
}

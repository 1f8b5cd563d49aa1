package org.crossdistill.method;

import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** The methods by name: adding one means one line here. */
public final class Methods {

  /**
   * A method that configurations can name.
   *
   * @param name in configurations
   * @param defaults its options as they are where nothing is set
   * @param needs what it needs with such options
   * @param create makes it with such options
   * @param model makes the networks that remain of it for inference, without their values
   */
  public record Entry(
      String name,
      Record defaults,
      Function<Record, Set<Need>> needs,
      BiFunction<Record, MethodContext, Method> create,
      Model model) {

    /** The record of its options. */
    public Class<? extends Record> options() {
      return defaults.getClass();
    }

    private Entry withModel(Model other) {
      return new Entry(name, defaults, needs, create, other);
    }
  }

  /** Makes the networks of a saved model. */
  public interface Model {

    /**
     * The student's part.
     *
     * @param options of the method
     * @param random of values that will be replaced
     */
    Method.SingleModal create(Record options, ModelShape shape, RandomGenerator random);
  }

  private static final Set<Need> NOTHING = Set.of();
  private static final Set<Need> EMBEDDING = Set.of(Need.PAIRS, Need.TEACHER_EMBEDDING);
  private static final Set<Need> LOGITS = Set.of(Need.PAIRS, Need.TEACHER_LOGITS);
  private static final Set<Need> LABELS_AND_LOGITS =
      Set.of(Need.PAIRS, Need.LABELS, Need.TEACHER_LOGITS);
  private static final Set<Need> TEACHER =
      Set.of(Need.PAIRS, Need.TEACHER_BACKBONE, Need.TEACHER_CLASSIFIER);
  private static final Set<Need> MAPS =
      Set.of(Need.PAIRS, Need.TEACHER_BACKBONE, Need.TEACHER_CLASSIFIER, Need.MAPS);
  private static final Set<Need> EMBEDDING_AND_CLASSIFIER =
      Set.of(Need.PAIRS, Need.TEACHER_EMBEDDING, Need.TEACHER_CLASSIFIER);

  private static final List<Entry> ENTRIES =
      List.of(
          entry("none", StudentAlone.Options.defaults(), NOTHING, StudentAlone::new),
          entry("cmd", CmdOptions.defaults(), CmdOptions::needs, Cmd::new),
          entry("c2kd", C2kdOptions.defaults(), TEACHER, C2kd::new),
          entry("discom-kd", DiscomKdOptions.defaults(), DiscomKdOptions::needs, DiscomKd::new)
              .withModel((o, shape, random) -> DiscomKd.model((DiscomKdOptions) o, shape, random)),
          entry("fitnets", FitNets.Options.defaults(), EMBEDDING, FitNets::new),
          entry("kd", OutputMatching.Options.defaults(), LOGITS, OutputMatching::new),
          entry("dkd", LogitMatching.Dkd.defaults(), LABELS_AND_LOGITS, LogitMatching::dkd),
          entry("nkd", LogitMatching.Nkd.defaults(), LABELS_AND_LOGITS, LogitMatching::nkd),
          entry("dist", LogitMatching.Dist.defaults(), LOGITS, LogitMatching::dist),
          entry("lskd", LogitMatching.Lskd.defaults(), LOGITS, LogitMatching::lskd),
          entry("rkd", RelationMatching.Rkd.defaults(), EMBEDDING, RelationMatching::rkd),
          entry("sp", RelationMatching.Sp.defaults(), EMBEDDING, RelationMatching::sp),
          entry("pkt", RelationMatching.Pkt.defaults(), EMBEDDING, RelationMatching::pkt),
          entry(
              "cc",
              CorrelationCongruence.Options.defaults(),
              EMBEDDING,
              CorrelationCongruence::new),
          entry("at", AttentionTransfer.Options.defaults(), MAPS, AttentionTransfer::new),
          entry("crd", Crd.Options.defaults(), EMBEDDING, Crd::new),
          entry("simkd", SimKd.Options.defaults(), EMBEDDING_AND_CLASSIFIER, SimKd::new)
              .withModel((o, shape, random) -> SimKd.model(shape, random)));

  private Methods() {}

  /** All methods. */
  public static List<Entry> all() {
    return ENTRIES;
  }

  /**
   * One method.
   *
   * @param name in configurations, such as {@code kd}
   * @throws MethodException if there is none of that name
   */
  public static Entry named(String name) {
    return ENTRIES.stream()
        .filter(entry -> entry.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new MethodException(
                    "method: expected one of "
                        + ENTRIES.stream().map(Entry::name).collect(Collectors.joining(", "))
                        + ", found "
                        + name));
  }

  private static <O extends Record> Entry entry(
      String name, O defaults, Set<Need> needs, BiFunction<O, MethodContext, Method> create) {
    return entry(name, defaults, o -> needs, create);
  }

  @SuppressWarnings("unchecked")
  private static <O extends Record> Entry entry(
      String name,
      O defaults,
      Function<O, Set<Need>> needs,
      BiFunction<O, MethodContext, Method> create) {
    Class<O> options = (Class<O>) defaults.getClass();
    return new Entry(
        name,
        defaults,
        o -> needs.apply(options.cast(o)),
        (o, context) -> create.apply(options.cast(o), context),
        (o, shape, random) -> shape.plain(random));
  }
}

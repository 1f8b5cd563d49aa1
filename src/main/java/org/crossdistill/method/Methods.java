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
   * @param options its record of options, with a static {@code defaults()}
   * @param needs what it needs with such options
   * @param create makes it with such options
   * @param model makes the networks that remain of it for inference, without their values
   */
  public record Entry(
      String name,
      Class<? extends Record> options,
      Function<Record, Set<Need>> needs,
      BiFunction<Record, MethodContext, Method> create,
      Model model) {

    /** Its options as they are where nothing is set. */
    public Record defaults() {
      try {
        return (Record) options.getMethod("defaults").invoke(null);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("no defaults of " + name, e);
      }
    }

    private Entry withModel(Model other) {
      return new Entry(name, options, needs, create, other);
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
          entry("none", StudentAlone.Options.class, NOTHING, StudentAlone::new),
          entry("cmd", CmdOptions.class, CmdOptions::needs, Cmd::new),
          entry("c2kd", C2kdOptions.class, TEACHER, C2kd::new),
          entry("discom-kd", DiscomKdOptions.class, DiscomKdOptions::needs, DiscomKd::new)
              .withModel((o, shape, random) -> DiscomKd.model((DiscomKdOptions) o, shape, random)),
          entry("fitnets", FitNets.Options.class, EMBEDDING, FitNets::new),
          entry("kd", OutputMatching.Options.class, LOGITS, OutputMatching::new),
          entry("dkd", LogitMatching.Dkd.class, LABELS_AND_LOGITS, LogitMatching::dkd),
          entry("nkd", LogitMatching.Nkd.class, LABELS_AND_LOGITS, LogitMatching::nkd),
          entry("dist", LogitMatching.Dist.class, LOGITS, LogitMatching::dist),
          entry("lskd", LogitMatching.Lskd.class, LOGITS, LogitMatching::lskd),
          entry("rkd", RelationMatching.Rkd.class, EMBEDDING, RelationMatching::rkd),
          entry("sp", RelationMatching.Sp.class, EMBEDDING, RelationMatching::sp),
          entry("pkt", RelationMatching.Pkt.class, EMBEDDING, RelationMatching::pkt),
          entry("cc", CorrelationCongruence.Options.class, EMBEDDING, CorrelationCongruence::new),
          entry("at", AttentionTransfer.Options.class, MAPS, AttentionTransfer::new),
          entry("crd", Crd.Options.class, EMBEDDING, Crd::new),
          entry("simkd", SimKd.Options.class, EMBEDDING_AND_CLASSIFIER, SimKd::new)
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
      String name, Class<O> options, Set<Need> needs, BiFunction<O, MethodContext, Method> create) {
    return entry(name, options, o -> needs, create);
  }

  private static <O extends Record> Entry entry(
      String name,
      Class<O> options,
      Function<O, Set<Need>> needs,
      BiFunction<O, MethodContext, Method> create) {
    return new Entry(
        name,
        options,
        o -> needs.apply(options.cast(o)),
        (o, context) -> create.apply(options.cast(o), context),
        (o, shape, random) -> shape.plain(random));
  }
}

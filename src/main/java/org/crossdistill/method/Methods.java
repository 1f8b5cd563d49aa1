package org.crossdistill.method;

import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;

/** The methods by name: adding one means one line here. */
public final class Methods {

  /**
   * A method that configurations can name.
   *
   * @param name in configurations
   * @param options its record of options, with a static {@code defaults()}
   * @param needs what it needs with such options
   * @param create makes it with such options
   */
  public record Entry(
      String name,
      Class<? extends Record> options,
      Function<Record, Set<Need>> needs,
      BiFunction<Record, MethodContext, Method> create) {}

  private static final List<Entry> ENTRIES =
      List.of(
          entry("none", StudentAlone.Options.class, o -> Set.of(), StudentAlone::new),
          entry("cmd", CmdOptions.class, CmdOptions::needs, Cmd::new),
          entry(
              "kd",
              OutputMatching.Options.class,
              o -> Set.of(Need.TEACHER_LOGITS),
              OutputMatching::new));

  private Methods() {}

  /** All methods. */
  public static List<Entry> all() {
    return ENTRIES;
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
        (o, context) -> create.apply(options.cast(o), context));
  }
}

package org.crossdistill.bench;

import java.util.Arrays;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.crossdistill.kernel.DType;

/**
 * What is to be measured.
 *
 * @param kernel such as "feature-margin"
 * @param variant the distance, kind or mode
 * @param shape such as "256x10000x512"
 * @param dtype of embeddings or logits
 * @param threads of the kernel and of the reference
 * @param problem makes the problem of a type and of sizes
 */
public record Case(
    String kernel,
    String variant,
    String shape,
    DType dtype,
    int threads,
    BiFunction<DType, long[], Problem> problem) {

  /** Such as "kd kept 256x1000 f32, 2 threads". */
  public String name() {
    String count = threads == 1 ? "1 thread" : threads + " threads";
    return kernel + " " + variant + " " + shape + " " + dtype.label() + ", " + count;
  }

  /** Allocates in the caller's innermost scope. */
  Problem make() {
    return problem.apply(
        dtype, Stream.of(shape.split("x", -1)).mapToLong(Long::parseLong).toArray());
  }

  static String shape(long... sizes) {
    return Arrays.stream(sizes).mapToObj(Long::toString).collect(Collectors.joining("x"));
  }
}

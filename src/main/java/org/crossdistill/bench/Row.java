package org.crossdistill.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * What was measured of one kernel at one shape; null where nothing was.
 *
 * @param kernel such as "feature-margin"
 * @param variant the distance, kind or mode
 * @param backend "cpu" or "reference"
 * @param isa instruction set
 * @param shape B x D, B x C or B x C x D, such as "256x10000x512"
 * @param dtype of the embeddings or logits
 * @param threads of the kernel and of the reference
 * @param medianNs time of a call in nanoseconds
 * @param spread (80th - 20th percentile) / median of the same
 * @param bytes that must at least be read and written: inputs and gradients, each once
 * @param flops additions and multiplications of the matrix products
 * @param rooflineShare median of rate / rate of the limit beside it: of flops in multiply-adds, of
 *     bytes in a loop that reads two arrays and writes two
 * @param speedupVsReference median of the reference's time / time beside it
 * @param errorVsF64 norm of the gradients' error / their norm, worst of the outputs
 * @param extraBytes peak of memory during a call, beyond inputs and outputs
 * @param referenceMedianNs time of the reference
 * @param referenceErrorVsF64 error of the reference
 * @param referenceExtraBytes extra memory of the reference
 * @param machine where it was measured
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Row(
    String kernel,
    String variant,
    String backend,
    String isa,
    String shape,
    String dtype,
    Integer threads,
    double medianNs,
    double spread,
    Long bytes,
    Long flops,
    Double rooflineShare,
    Double speedupVsReference,
    @JsonProperty("error_vs_f64") Double errorVsF64,
    Long extraBytes,
    Double referenceMedianNs,
    @JsonProperty("reference_error_vs_f64") Double referenceErrorVsF64,
    Long referenceExtraBytes,
    Machine machine) {

  /** A row that holds a time and nothing else. */
  public static Row timed(
      String kernel,
      String variant,
      String backend,
      String shape,
      String dtype,
      int threads,
      double medianNs,
      double spread,
      Machine machine) {
    return new Row(
        kernel,
        variant,
        backend,
        machine.isa(),
        shape,
        dtype,
        threads,
        medianNs,
        spread,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        machine);
  }

  /** The same with the time of a reference and the ratio to it. */
  public Row comparedWith(double referenceNs) {
    return new Row(
        kernel,
        variant,
        backend,
        isa,
        shape,
        dtype,
        threads,
        medianNs,
        spread,
        bytes,
        flops,
        rooflineShare,
        referenceNs / medianNs,
        errorVsF64,
        extraBytes,
        referenceNs,
        referenceErrorVsF64,
        referenceExtraBytes,
        machine);
  }
}

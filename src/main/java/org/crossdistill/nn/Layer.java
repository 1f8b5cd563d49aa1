package org.crossdistill.nn;

import org.bytedeco.pytorch.Tensor;

/** A module that turns one tensor into another. */
public abstract class Layer extends Module {

  /**
   * Computes the layer's output.
   *
   * @param input of the shape that the layer documents, f32
   * @return of the shape that the layer documents, f32
   * @throws NetworkException if the input is missing or of another shape or type
   */
  public abstract Tensor forward(Tensor input);
}

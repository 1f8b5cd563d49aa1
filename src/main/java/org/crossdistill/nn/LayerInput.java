package org.crossdistill.nn;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Checks of what a layer is built of and fed, before LibTorch sees it. */
final class LayerInput {

  private LayerInput() {}

  /**
   * Requires rows [B, size], f32.
   *
   * @throws NetworkException naming the layer, what it takes and what came
   */
  static void rows(String layer, Tensor input, long size) {
    require(isFloat(input) && input.dim() == 2 && input.size(1) == size, layer, input, size, "");
  }

  /**
   * Requires maps [B, channels, H, W], f32, with H and W of at least {@code side}.
   *
   * @throws NetworkException naming the layer, what it takes and what came
   */
  static void maps(String layer, Tensor input, long channels, int side) {
    boolean holds = isFloat(input) && input.dim() == 4 && input.size(1) == channels;
    boolean places = holds && input.size(2) >= side && input.size(3) >= side;
    require(places, layer, input, channels, ", ≥ " + side + ", ≥ " + side);
  }

  /**
   * Requires rows [B, channels] or maps [B, channels, H, W], f32.
   *
   * @throws NetworkException naming the layer, what it takes and what came
   */
  static void rowsOrMaps(String layer, Tensor input, long channels) {
    if (Tensors.isGiven(input) && input.dim() == 4) {
      maps(layer, input, channels, 1);
    } else {
      rows(layer, input, channels);
    }
  }

  /**
   * Requires a size of at least 1.
   *
   * @throws NetworkException naming the layer's size and what came
   */
  static void size(String name, long found) {
    if (found < 1) {
      throw new NetworkException(name + ": expected at least 1, found " + found);
    }
  }

  /**
   * Requires f32.
   *
   * @throws NetworkException naming the parameter and what came
   */
  static void parameter(String name, Tensor initial) {
    if (!isFloat(initial)) {
      throw new NetworkException(
          "parameter %s: expected f32, found %s"
              .formatted(name, Tensors.isGiven(initial) ? description(initial) : "no tensor"));
    }
  }

  private static boolean isFloat(Tensor input) {
    return Tensors.isGiven(input) && input.scalar_type().value == ScalarType.Float.value;
  }

  private static void require(boolean holds, String layer, Tensor found, long size, String rest) {
    if (!holds) {
      throw new NetworkException(
          "%s: expected an input [B, %d%s] in f32, found %s"
              .formatted(
                  layer, size, rest, Tensors.isGiven(found) ? description(found) : "no tensor"));
    }
  }

  private static String description(Tensor tensor) {
    String type =
        switch (tensor.scalar_type().intern()) {
          case Float -> "f32";
          case Double -> "f64";
          case BFloat16 -> "bf16";
          case Half -> "f16";
          case Long -> "int64";
          default -> tensor.scalar_type().toString();
        };
    return Arrays.toString(tensor.shape()) + " in " + type;
  }
}

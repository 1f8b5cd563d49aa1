package org.crossdistill.train;

import java.nio.file.Path;
import java.util.Map;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.nn.Module;

/**
 * The weights of one network as a safetensors file: its parameters and buffers by their names, and
 * nothing else. For networks that Java code builds, and builds again before it reads; a {@link
 * ModelFile} also holds what it takes to build one.
 */
public final class WeightsFile {

  private WeightsFile() {}

  /**
   * Writes the file whole or not at all; the same weights give the same bytes.
   *
   * @param file in a folder that exists; replaced if it exists
   * @throws CheckpointException naming a tensor that holds a number that is not finite
   * @throws org.crossdistill.data.DataException naming the file when it cannot be written
   */
  public static void write(Path file, Module network) {
    Map<String, TensorData> tensors = TensorBytes.of("", network.state());
    TensorBytes.requireFinite(file.toString(), tensors);
    new Safetensors(Map.of(), tensors).write(file);
  }

  /**
   * Copies a file's weights into a network; on an error the network stays as it was. Other tensors
   * of the file are left out.
   *
   * @param network of the shape of the one that was written
   * @throws CheckpointException naming the file and the tensor that is missing, of another shape or
   *     type, or holds a number that is not finite
   * @throws org.crossdistill.data.DataException if the file is missing or damaged
   */
  public static void read(Path file, Module network) {
    TensorBytes.copy(file.toString(), Safetensors.read(file).tensors(), "", network.state());
  }
}

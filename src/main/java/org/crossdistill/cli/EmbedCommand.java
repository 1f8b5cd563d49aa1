package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.crossdistill.data.PictureFiles;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.train.ModelFile;
import org.crossdistill.train.Predictor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code crossdistill embed}: the embeddings of pictures. */
@Command(
    name = "embed",
    description = "Embed pictures: one JSON object a picture, or a safetensors file of them all.",
    mixinStandardHelpOptions = true)
final class EmbedCommand implements Callable<Integer> {

  @Option(names = "--model", required = true, description = "A model.safetensors.")
  private Path model;

  @Option(
      names = "--output",
      description = "Write a safetensors file with the tensor `embeddings` [pictures, D] instead.")
  private Path output;

  @Parameters(arity = "1..*", paramLabel = "PICTURE", description = "PNG or JPEG files.")
  private List<Path> pictures;

  @Override
  public Integer call() {
    LibTorchLoading.load(System.err);
    Predictor predictor = new Predictor(ModelFile.read(model));
    List<float[]> embeddings = new ArrayList<>();
    for (Path picture : pictures) {
      float[] embedding = predictor.embed(PictureFiles.read(picture));
      embeddings.add(embedding);
      if (output == null) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("picture", picture.toString());
        line.put("embedding", embedding);
        System.out.println(Json.line(line));
      }
    }
    if (output != null) {
      write(embeddings);
    }
    return ExitCode.OK;
  }

  private void write(List<float[]> embeddings) {
    int size = embeddings.get(0).length;
    float[] values = new float[embeddings.size() * size];
    for (int i = 0; i < embeddings.size(); i++) {
      System.arraycopy(embeddings.get(i), 0, values, i * size, size);
    }
    Map<String, String> metadata =
        Map.of("pictures", Json.line(pictures.stream().map(Path::toString).toList()));
    TensorData tensor = TensorData.ofFloats(values, embeddings.size(), size);
    new Safetensors(metadata, Map.of("embeddings", tensor)).write(output);
  }
}

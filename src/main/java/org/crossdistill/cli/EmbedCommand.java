package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.train.ModelFile;
import org.crossdistill.train.Predictor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code crossdistill embed}: the embeddings of pictures or sounds. */
@Command(
    name = "embed",
    description =
        "Embed pictures or sounds: one JSON object a file, or a safetensors file of them all.",
    mixinStandardHelpOptions = true)
final class EmbedCommand implements Callable<Integer> {

  @Option(names = "--model", required = true, description = "A model.safetensors.")
  private Path model;

  @Option(
      names = "--output",
      description = "Write a safetensors file with the tensor `embeddings` [files, D] instead.")
  private Path output;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "PNG, JPEG or WAV files.")
  private List<Path> files;

  @Override
  public Integer call() {
    LibTorchLoading.load(System.err);
    Predictor predictor = new Predictor(ModelFile.read(model));
    List<float[]> embeddings = predictor.embed(files);
    String kind = predictor.kind().key();
    if (output != null) {
      write(kind + "s", embeddings);
      return ExitCode.OK;
    }
    for (int i = 0; i < files.size(); i++) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put(kind, files.get(i).toString());
      line.put("embedding", embeddings.get(i));
      System.out.println(Json.line(line));
    }
    return ExitCode.OK;
  }

  private void write(String key, List<float[]> embeddings) {
    int size = embeddings.get(0).length;
    float[] values = new float[embeddings.size() * size];
    for (int i = 0; i < embeddings.size(); i++) {
      System.arraycopy(embeddings.get(i), 0, values, i * size, size);
    }
    Map<String, String> metadata =
        Map.of(key, Json.line(files.stream().map(Path::toString).toList()));
    TensorData tensor = TensorData.ofFloats(values, embeddings.size(), size);
    new Safetensors(metadata, Map.of("embeddings", tensor)).write(output);
  }
}

package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.crossdistill.train.ConfigException;
import org.crossdistill.train.ModelFile;
import org.crossdistill.train.Predictor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code crossdistill predict}: the classes of pictures or sounds. */
@Command(
    name = "predict",
    description =
        "Name the classes of pictures or sounds, also of classes that only texts described.",
    mixinStandardHelpOptions = true)
final class PredictCommand implements Callable<Integer> {

  @Option(names = "--model", required = true, description = "A model.safetensors.")
  private Path model;

  @Option(names = "--top", defaultValue = "3", description = "How many classes (default: 3).")
  private int top;

  @Option(names = "--json", description = "Print one JSON object a file.")
  private boolean json;

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "PNG, JPEG or WAV files.")
  private List<Path> files;

  @Override
  public Integer call() {
    if (top < 1) {
      throw new ConfigException("--top: expected at least 1, found " + top);
    }
    LibTorchLoading.load(System.err);
    Predictor predictor = new Predictor(ModelFile.read(model));
    List<float[]> embeddings = predictor.embed(files);
    for (int i = 0; i < files.size(); i++) {
      var trained = predictor.trainedClasses(embeddings.get(i), top);
      var byText = predictor.textClasses(embeddings.get(i), top);
      print(predictor.kind().key(), files.get(i), trained, byText);
    }
    return ExitCode.OK;
  }

  private void print(
      String kind,
      Path file,
      List<Predictor.Prediction> trained,
      List<Predictor.Prediction> byText) {
    if (json) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put(kind, file.toString());
      result.put("trained-classes", trained.stream().map(PredictCommand::object).toList());
      result.put("text-classes", byText.stream().map(PredictCommand::object).toList());
      System.out.println(Json.line(result));
      return;
    }
    System.out.println(file);
    print("among the classes of the training", trained);
    if (!byText.isEmpty()) {
      print("among all classes, by their texts", byText);
    }
  }

  private static void print(String heading, List<Predictor.Prediction> predictions) {
    System.out.println("  " + heading);
    for (Predictor.Prediction prediction : predictions) {
      System.out.printf(
          "    %-28s %s %.3f%n", prediction.name(), prediction.score().key(), prediction.value());
    }
  }

  private static Map<String, Object> object(Predictor.Prediction prediction) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", prediction.name());
    object.put(prediction.score().key(), prediction.value());
    return object;
  }
}

package org.crossdistill.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.crossdistill.CrossdistillException;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.Backends;
import org.crossdistill.kernel.DType;
import org.crossdistill.loss.NamedLoss;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code crossdistill loss}: computes the losses that files ask for, and checks their answers. */
@Command(
    name = "loss",
    description = {
      "Compute the losses that safetensors files ask for.",
      "A file's metadata name the loss and its parameters, its tensors in.* are the inputs, out.*"
          + " the expected answers."
    },
    mixinStandardHelpOptions = true)
final class LossCommand implements Callable<Integer> {

  private static final String SUFFIX = ".safetensors";

  @Parameters(paramLabel = "PATH", description = "A file, or a folder that is searched.")
  private Path path;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Write the answers to the same relative paths under this folder, in f64.")
  private Path output;

  @Option(
      names = "--check",
      description = "Compare with the expected answers; exit code 1 beyond the tolerance.")
  private boolean check;

  @Option(
      names = "--backend",
      converter = Converters.OfBackend.class,
      description = "cuda, cpu or reference; default: the best that works here.")
  private Backend backend;

  @Option(
      names = "--dtype",
      converter = Converters.OfDType.class,
      defaultValue = "f64",
      description = "f64, f32, bf16 or f16; default: ${DEFAULT-VALUE}.")
  private DType dtype;

  @Option(names = "--json", description = "Print the result as one JSON object.")
  private boolean json;

  private final Set<String> composed = new HashSet<>();

  @Override
  public Integer call() throws IOException {
    if (backend == null) {
      backend = Backends.active();
    }
    Backends.require(backend);
    List<Path> files = files();
    LibTorchLoading.load(System.err);
    LossReport report = new LossReport();
    for (Path file : files) {
      Safetensors answers = answers(file, report);
      // Where one can't be written none can: the first such failure ends the command.
      if (answers != null && output != null) {
        write(file, answers);
      }
    }
    if (json) {
      System.out.println(Json.line(report.toJson(dtype.label())));
    } else {
      report.print(System.out, dtype.label());
    }
    return report.passed() ? ExitCode.OK : ExitCode.FAILURE;
  }

  private List<Path> files() throws IOException {
    if (!Files.exists(path)) {
      throw new CrossdistillException(path + ": no such file or folder");
    }
    if (Files.isRegularFile(path)) {
      return List.of(path);
    }
    try (Stream<Path> found = Files.walk(path.toRealPath())) {
      List<Path> files = found.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
      if (files.isEmpty()) {
        throw new CrossdistillException(path + ": expected files *" + SUFFIX + ", found none");
      }
      return files;
    }
  }

  /** Null for a file that asks for what can't be done. */
  private Safetensors answers(Path file, LossReport report) {
    try {
      return compute(file, report);
    } catch (CrossdistillException e) {
      failed(file, e.getMessage(), report);
    } catch (RuntimeException e) { // LibTorch's, with a stack of its own: the other files go on
      failed(file, e.toString().lines().findFirst().orElse("failed"), report);
    }
    return null;
  }

  private static void failed(Path file, String reason, LossReport report) {
    System.err.println(naming(file, reason));
    report.failed(file, reason);
  }

  private Safetensors compute(Path file, LossReport report) {
    LossFile request = LossFile.read(file);
    NamedLoss<?> loss = request.loss();
    Backend used = backendFor(loss);
    Map<String, TensorData> answers = request.compute(used, dtype);
    double tolerance = LossCheck.tolerance(loss, backend, dtype);
    LossCheck.Worst worst = check ? checked(file, request, answers, report) : null;
    if (!check || worst != null) {
      report.done(file, loss.name(), used.label(), tolerance, worst);
    }
    return request.answered(answers);
  }

  /** Null where the answers are not those that the file expects; they are written all the same. */
  private static LossCheck.Worst checked(
      Path file, LossFile request, Map<String, TensorData> answers, LossReport report) {
    try {
      return LossCheck.compare(request.expected(), answers);
    } catch (CrossdistillException e) {
      failed(file, e.getMessage(), report);
      return null;
    }
  }

  /** What reads the file names it already. */
  private static String naming(Path file, String message) {
    return message.contains(file.toString()) ? message : file + ": " + message;
  }

  private Backend backendFor(NamedLoss<?> loss) {
    if (loss.kernels().contains(backend) || backend == Backend.REFERENCE) {
      return backend;
    }
    if (composed.add(loss.name())) {
      System.err.println(
          loss.name()
              + ": no native kernel for "
              + backend.label()
              + "; runs as a composition of LibTorch operations");
    }
    return Backend.REFERENCE;
  }

  private void write(Path file, Safetensors answers) throws IOException {
    Path root = Files.isRegularFile(path) ? path.toRealPath().getParent() : path.toRealPath();
    Path target = output.resolve(root.relativize(file.toRealPath()));
    if (Files.exists(target) && Files.isSameFile(file, target)) {
      throw new CrossdistillException("--output " + output + " would replace this very file");
    }
    List<Path> made = AtomicFiles.createFolders(target.getParent());
    try {
      answers.write(target);
    } catch (CrossdistillException e) {
      AtomicFiles.removeEmpty(made);
      throw e;
    }
  }
}

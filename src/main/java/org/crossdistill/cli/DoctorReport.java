package org.crossdistill.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.CrossdistillException;
import org.crossdistill.Version;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.Backends;
import org.crossdistill.kernel.Isa;
import org.crossdistill.kernel.Labelled;
import org.crossdistill.kernel.NativeLibrary;

/** What this installation consists of and whether it works: topics, each with facts. */
final class DoctorReport {

  private final Map<String, Map<String, Object>> topics = new LinkedHashMap<>();
  private final boolean healthy;

  /**
   * Looks at everything, and trains a little.
   *
   * @param libTorch why LibTorch cannot be used; null if it is loaded
   */
  DoctorReport(CrossdistillException libTorch) {
    versions();
    cpu();
    threads(libTorch);
    gpu(libTorch);
    backend();
    files();
    healthy = trainingStep(libTorch);
  }

  /** Whether the training step worked. */
  boolean healthy() {
    return healthy;
  }

  /** Topics and facts as a map for JSON. */
  Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>(topics);
    json.put("healthy", healthy);
    return json;
  }

  /** A paragraph a topic, a line a fact. */
  void print(PrintStream out) {
    topics.forEach(
        (topic, facts) -> {
          out.println(topic);
          facts.forEach((name, value) -> out.printf("  %-22s %s%n", name, text(value)));
        });
  }

  private static String text(Object value) {
    if (value instanceof List<?> list) {
      return list.isEmpty()
          ? "none"
          : String.join(", ", list.stream().map(String::valueOf).toList());
    }
    return value == null ? "unknown" : value.toString();
  }

  private void fact(String topic, String name, Object value) {
    topics.computeIfAbsent(topic, key -> new LinkedHashMap<>()).put(name, value);
  }

  /** A fact that only the native library knows; null without it. */
  private void nativeFact(String topic, String name, Supplier<Object> value) {
    Object known = null;
    if (NativeLibrary.isLoaded()) {
      try {
        known = value.get();
      } catch (CrossdistillException e) {
        known = "none: " + e.getMessage();
      }
    }
    fact(topic, name, known);
  }

  private void versions() {
    fact("versions", "crossdistill", Version.current());
    nativeFact("versions", "native-library", NativeLibrary::version);
    fact("versions", "c-interface", NativeLibrary.abiVersion());
    fact("versions", "javacpp", mavenVersion("javacpp"));
    fact("versions", "libtorch", mavenVersion("pytorch"));
    fact("versions", "java", Runtime.version() + ", " + System.getProperty("java.vm.name"));
    String system = System.getProperty("os.name") + " " + System.getProperty("os.version");
    fact("versions", "system", system + ", " + Loader.getPlatform());
  }

  /** Of an artifact of Bytedeco, as its jar says. */
  private static String mavenVersion(String artifact) {
    try {
      return Loader.getVersion("org.bytedeco", artifact);
    } catch (IOException e) {
      return "unknown: no Maven properties in its jar";
    }
  }

  private void cpu() {
    nativeFact("cpu", "features", NativeLibrary::cpuFeatures);
    nativeFact("cpu", "instruction-set", () -> Isa.active().label());
    // Chosen for every shape, as `bench kernels` measures beside the products of a BLAS.
    nativeFact("cpu", "classifier-products", DoctorReport::classifierProducts);
    fact(
        "cpu",
        "pinned",
        Isa.isPinned() ? Isa.ENVIRONMENT + "=" + System.getenv(Isa.ENVIRONMENT) : "no");
    fact(
        "cpu",
        "supported",
        Arrays.stream(Isa.values()).filter(Isa::isSupported).map(Labelled::label).toList());
  }

  private static String classifierProducts() {
    return Isa.active() == Isa.AMX
        ? "fused tiles, of bf16 on AMX, no BLAS"
        : "fused tiles, no BLAS";
  }

  private void threads(CrossdistillException libTorch) {
    fact("threads", "processors", Runtime.getRuntime().availableProcessors());
    nativeFact("threads", "kernels", NativeLibrary::defaultThreads);
    fact("threads", "libtorch", libTorch == null ? torch.get_num_threads() : null);
  }

  private void gpu(CrossdistillException libTorch) {
    nativeFact("gpu", "built-with-cuda", NativeLibrary::isBuiltWithCuda);
    nativeFact("gpu", "devices", NativeLibrary::cudaDevices);
    fact("gpu", "libtorch-cuda", libTorch == null ? torch.cuda_is_available() : null);
    nativeFact("gpu", "versions", () -> libTorch == null ? GpuVersions.read().describe() : null);
  }

  private void backend() {
    try {
      Backends.Choice choice = Backends.choice();
      fact("backend", "active", choice.backend().label());
      fact("backend", "pinned", choice.pinned());
      for (Backend better : choice.passedOver().keySet().stream().sorted().toList()) {
        fact("backend", "not-" + better.label(), choice.passedOver().get(better));
      }
    } catch (CrossdistillException e) {
      fact("backend", "active", "none");
      fact("backend", "problem", e.getMessage());
    }
  }

  private void files() {
    Optional<String> missing = NativeLibrary.whyNotLoaded();
    fact(
        "files",
        "native-library",
        missing.isPresent() ? "none: " + missing.get() : NativeLibrary.path());
    try {
      fact("files", "javacpp-cache", Loader.getCacheDir().toString());
    } catch (IOException e) {
      fact("files", "javacpp-cache", "none: " + e.getMessage());
    }
  }

  private boolean trainingStep(CrossdistillException libTorch) {
    try {
      if (libTorch != null) {
        throw libTorch;
      }
      TrainingCheck.Outcome outcome = TrainingCheck.run();
      fact("training", "backend", outcome.backend().label());
      fact("training", "first-loss", outcome.firstLoss());
      fact("training", "last-loss", outcome.lastLoss());
      fact("training", "works", true);
      return true;
    } catch (CrossdistillException e) {
      fact("training", "works", false);
      fact("training", "problem", e.getMessage());
      return false;
    }
  }
}

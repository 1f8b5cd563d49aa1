package org.crossdistill.benchmarks;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.Isa;
import org.crossdistill.kernel.NativeLibrary;

/**
 * Where and with what was measured: numbers of two runs compare only where these agree.
 *
 * @param features what the kernels may use of the CPU
 * @param cores that the process may use
 * @param isa instruction set that the kernels run on
 * @param kernelThreads OpenMP threads of a kernel call
 * @param libtorchThreads threads of a LibTorch operator
 * @param commit of the sources, with "+changes" where the work tree differs
 * @param load processes that wanted a core in the minute before; negative if unknown
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record Machine(
    String cpu,
    String features,
    int cores,
    String isa,
    int kernelThreads,
    int libtorchThreads,
    String os,
    String jdk,
    String libtorch,
    String crossdistill,
    String commit,
    String date,
    double load) {

  static Machine read() {
    return new Machine(
        cpuModel(),
        NativeLibrary.cpuFeatures(),
        Runtime.getRuntime().availableProcessors(),
        Isa.active().label(),
        NativeLibrary.defaultThreads(),
        torch.get_num_threads(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"),
        torch.class.getPackage().getImplementationVersion(),
        NativeLibrary.version(),
        System.getProperty("benchmarks.commit", "unknown"),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  private static String cpuModel() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }
}

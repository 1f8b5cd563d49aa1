package org.crossdistill.bench;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.Isa;
import org.crossdistill.kernel.NativeLibrary;

/**
 * Where and with what was measured: numbers of two runs compare only where these agree.
 *
 * @param cpu what the system calls it
 * @param caches such as "L1d 48 KiB, L2 1 MiB"; those that the system does not tell are left out
 * @param storesPastCachesAbove bytes of inputs and results
 * @param features what the kernels may use of the CPU
 * @param cores that the process may use
 * @param memory in bytes
 * @param isa instruction set that the kernels run on
 * @param kernelThreads OpenMP threads of a kernel call
 * @param libtorchThreads threads of a LibTorch operator
 * @param commit of the sources, with "+changes" where the work tree differs
 * @param date in UTC
 * @param load processes that wanted a core in the minute before; negative if unknown
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Machine(
    String cpu,
    String caches,
    long storesPastCachesAbove,
    String features,
    int cores,
    long memory,
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

  /** This machine, now. */
  public static Machine read() {
    return new Machine(
        Cpu.model(),
        Cpu.caches(),
        NativeLibrary.streamingBytes(),
        NativeLibrary.cpuFeatures(),
        Runtime.getRuntime().availableProcessors(),
        Pointer.totalPhysicalBytes(),
        Isa.active().label(),
        NativeLibrary.defaultThreads(),
        torch.get_num_threads(),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"),
        torch.class.getPackage().getImplementationVersion(),
        NativeLibrary.version(),
        Commit.ofThisBuild(),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  /** One line where other processes keep the cores busy. */
  public Optional<String> disturbance() {
    return load > 0.5 * cores
        ? Optional.of(
            String.format(
                Locale.ROOT,
                "load average %.1f on %d cores: other processes disturb the measurement",
                load,
                cores))
        : Optional.empty();
  }

  /** The lines at the head of a table. */
  public String describe() {
    return String.format(
        "%s, %d cores, %s, %d GiB; kernels on %s (%s)%n"
            + "crossdistill %s at %s, LibTorch %s, %s, %s, %s%n",
        cpu,
        cores,
        caches.isEmpty() ? "caches unknown" : caches,
        (memory + (1L << 29)) >> 30,
        isa,
        features,
        crossdistill,
        commit,
        libtorch,
        jdk,
        os,
        date);
  }
}

package org.crossdistill.kernel;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * The native library, loaded when it is first asked for. A library that cannot be used is no error
 * here: the reason is kept, and {@link #require()} throws it.
 *
 * <p>JavaCPP takes the library from the class path, unpacking it from a jar into its cache ({@code
 * ~/.javacpp/cache}, or the folder that the system property {@code org.bytedeco.javacpp.cachedir}
 * names). The environment variable {@value #ENVIRONMENT}, or the system property {@value
 * #PROPERTY}, set to {@code off} leaves the library aside.
 *
 * <p>Thread-safe.
 */
public final class NativeLibrary {

  /** System property that switches the library {@code on} (as without it) or {@code off}. */
  public static final String PROPERTY = "crossdistill.native";

  /** Environment variable for the same; the system property has precedence. */
  public static final String ENVIRONMENT = "CROSSDISTILL_NATIVE";

  private static final String JNI_LIBRARY = "jniCrossdistill";

  /** Where the library came from, or why there is none, or what is wrong with the setting. */
  private record State(String path, String reason, String wrongSetting) {

    static State loaded(String path, String wrongAbiOrNull) {
      return new State(path, wrongAbiOrNull, null);
    }

    static State none(String reason) {
      return new State(null, reason, null);
    }
  }

  /** Loads on first use; {@link #load} throws nothing. */
  private static final class Holder {
    static final State STATE = load();
  }

  private NativeLibrary() {}

  /**
   * Whether the library is loaded and of the right version.
   *
   * @throws SettingException if the setting is neither {@code on} nor {@code off}
   */
  public static boolean isLoaded() {
    return whyNotLoaded().isEmpty();
  }

  /**
   * Why the library cannot be used, in one line; empty if it can.
   *
   * @throws SettingException if the setting is neither {@code on} nor {@code off}
   */
  public static Optional<String> whyNotLoaded() {
    return Optional.ofNullable(state().reason());
  }

  /**
   * Fails unless the library can be used.
   *
   * @throws KernelException with the reason if the library cannot be used
   * @throws SettingException if the setting is neither {@code on} nor {@code off}
   */
  public static void require() {
    String reason = state().reason();
    if (reason != null) {
      throw new KernelException(reason);
    }
  }

  /** File of the loaded library. */
  public static String path() {
    require();
    return state().path();
  }

  /** Version of the loaded library, such as "0.1.0". */
  public static String version() {
    require();
    return Status.text(Crossdistill.cd_version());
  }

  /** Version of the C interface that this code was built for. */
  public static int abiVersion() {
    return Crossdistill.CD_ABI_VERSION;
  }

  /** Features of this CPU that the kernels may use, such as "avx2 fma f16c". */
  public static String cpuFeatures() {
    require();
    return Status.text(Crossdistill.cd_cpu_features());
  }

  /** OpenMP threads that a call uses unless it is told how many. */
  public static int defaultThreads() {
    require();
    return Crossdistill.cd_default_threads();
  }

  /** Size of the last-level cache in bytes. */
  public static long lastLevelCacheBytes() {
    require();
    return Crossdistill.cd_last_level_cache_bytes();
  }

  /** Bytes of inputs and results above which kernels store past the caches. */
  public static long streamingBytes() {
    require();
    return Crossdistill.cd_streaming_bytes();
  }

  /** Whether the library was built with CUDA. */
  public static boolean isBuiltWithCuda() {
    require();
    return Crossdistill.cd_cuda_built() != 0;
  }

  /** GPUs that the library can use. */
  public static int cudaDevices() {
    require();
    return Crossdistill.cd_cuda_device_count();
  }

  /**
   * Versions of CUDA as 1000 times the major plus 10 times the minor one.
   *
   * @param driver the newest that the driver bears; 0 without a driver
   * @param builtWith that the library was built with; 0 without CUDA
   */
  public record CudaVersions(int driver, int builtWith) {}

  /** Of the driver and of the library. */
  public static CudaVersions cudaVersions() {
    if (!isBuiltWithCuda()) {
      return new CudaVersions(0, 0);
    }
    int[] driver = new int[1];
    int[] builtWith = new int[1];
    Status.check(Crossdistill.cd_cuda_versions(driver, builtWith));
    return new CudaVersions(driver[0], builtWith[0]);
  }

  private static State state() {
    State state = Holder.STATE;
    if (state.wrongSetting() != null) {
      throw new SettingException(state.wrongSetting());
    }
    return state;
  }

  private static State load() {
    try {
      if (Settings.NATIVE.get().equals(Optional.of("off"))) {
        return State.none(
            "the native library is switched off (" + PROPERTY + " or " + ENVIRONMENT + ")");
      }
    } catch (SettingException e) {
      return new State(null, null, e.getMessage());
    }
    try {
      shareOpenMp();
      requireWhole("crossdistill");
      requireWhole(JNI_LIBRARY);
      String path = Loader.load(Crossdistill.class);
      return State.loaded(path, whyWrongAbi(path, Crossdistill.cd_abi_version()));
    } catch (IOException | LinkageError | RuntimeException e) {
      return State.none(whyNotLoadable(e));
    }
  }

  /**
   * LibTorch brings an OpenMP runtime. Loaded first, it serves this library as well, whichever of
   * the two is used first; otherwise there would be two pools of threads for the same processors.
   */
  private static void shareOpenMp() throws IOException {
    String resource = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "/libgomp.so.1";
    URL runtime = NativeLibrary.class.getResource(resource);
    if (runtime != null) {
      System.load(Loader.cacheResource(runtime).getPath());
    }
  }

  /** Looks at the file that JavaCPP is going to load; one that is not there it will name. */
  private static void requireWhole(String library) throws IOException {
    URL resource = NativeLibrary.class.getResource(resource(library));
    if (resource != null && Loader.getPlatform().startsWith("linux")) {
      boolean unpacked = resource.getProtocol().equals("file");
      ElfFile.requireWhole(
          unpacked
              ? Path.of(URI.create(resource.toString()))
              : Loader.cacheResource(resource).toPath());
    }
  }

  private static String resource(String library) {
    return Loader.getPlatform() + "/" + System.mapLibraryName(library);
  }

  /** Null if the version is the expected one. */
  static String whyWrongAbi(String path, int found) {
    if (found == Crossdistill.CD_ABI_VERSION) {
      return null;
    }
    return path
        + ": expected version "
        + Crossdistill.CD_ABI_VERSION
        + " of the C interface, found "
        + found;
  }

  private static String whyNotLoadable(Throwable error) {
    if (NativeLibrary.class.getResource(resource(JNI_LIBRARY)) == null) {
      return "no native library for "
          + Loader.getPlatform()
          + " on the class path (the jar crossdistill-…-"
          + Loader.getPlatform()
          + ".jar holds it)";
    }
    return "the native library cannot be loaded: " + rootCause(error);
  }

  /** JavaCPP's own exception only says that nothing was found; the linker's says why. */
  private static String rootCause(Throwable error) {
    Throwable root = error;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = root.getMessage();
    return message == null || message.isBlank()
        ? root.getClass().getSimpleName()
        : message.lines().findFirst().orElseThrow();
  }
}

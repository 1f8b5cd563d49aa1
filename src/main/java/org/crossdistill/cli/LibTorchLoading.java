package org.crossdistill.cli;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.CrossdistillException;

/**
 * Loads LibTorch. At the first start JavaCPP unpacks its libraries, which takes seconds and some
 * hundred megabytes of disk: that is announced, and what keeps it from working ends in one line.
 *
 * <p>Every command that touches a tensor calls {@link #load} first. Safe for use by many threads.
 */
final class LibTorchLoading {
  private static final String CACHE_PROPERTY = "org.bytedeco.javacpp.cachedir";
  private static final String ADVICE =
      "name another folder with CROSSDISTILL_JAVA_OPTS=-D" + CACHE_PROPERTY + "=FOLDER";

  private LibTorchLoading() {}

  /**
   * Loads LibTorch unless it is loaded.
   *
   * @param progress where the unpacking is announced; nothing is written where there is none
   * @throws CrossdistillException if the cache folder cannot be written, has too little space, or a
   *     library does not load; the message names the folder
   */
  static void load(PrintStream progress) {
    Path cache = cacheFolder(System.getProperty(CACHE_PROPERTY));
    removePartial(cache);
    long missing = bytesToUnpack(cache);
    long start = System.nanoTime();
    if (missing > 0) {
      requireSpace(cache, missing);
      progress.printf("Unpacking LibTorch (%d MB, once) to %s%n", missing / 1_000_000, cache);
    }
    try {
      Class.forName(torch.class.getName(), true, torch.class.getClassLoader());
    } catch (LinkageError | ClassNotFoundException e) {
      throw new CrossdistillException(
          "LibTorch does not load from " + cache + ": " + reason(e) + "; " + ADVICE, e);
    }
    if (missing > 0) {
      progress.printf("LibTorch is there after %.1f s%n", (System.nanoTime() - start) / 1e9);
    }
  }

  /**
   * The folder that JavaCPP unpacks to.
   *
   * @param wanted the folder asked for, or null for JavaCPP's choice: one in the user's home, or
   *     else in the folder for temporary files
   */
  static Path cacheFolder(String wanted) {
    if (wanted != null) {
      File folder = new File(wanted);
      if (!(folder.isDirectory() || folder.mkdirs()) || !folder.canWrite()) {
        throw new CrossdistillException(
            "The folder for native libraries cannot be written: " + folder + "; " + ADVICE);
      }
    }
    try {
      return Loader.getCacheDir().toPath();
    } catch (IOException e) {
      throw new CrossdistillException(
          "No folder for native libraries can be written, neither in "
              + System.getProperty("user.home")
              + " nor in "
              + System.getProperty("java.io.tmpdir")
              + "; "
              + ADVICE,
          e);
    }
  }

  /**
   * Removes what an unpacking that was ended has left below {@code cache}. JavaCPP would unpack
   * such a file again, but the dynamic linker maps it before, as a neighbour of another one, and a
   * library that was cut off ends the process by a signal.
   *
   * @throws CrossdistillException if such a file cannot be removed; the message names it
   */
  @SuppressWarnings("LockOnNonEnclosingClassLiteral") // the lock that JavaCPP takes
  static void removePartial(Path cache) {
    List<JarFile> jars = jars();
    if (partialFiles(jars, cache).isEmpty()) {
      return;
    }
    // JavaCPP's own lock, in this process and among all: what another process unpacks right now
    // is whole when the lock is ours.
    synchronized (Loader.class) {
      try (FileChannel lockFile = FileChannel.open(cache.resolve(".lock"), CREATE, WRITE)) {
        FileLock lock = lockFile.lock();
        for (Path file : partialFiles(jars, cache)) {
          Files.delete(file);
        }
        lock.release();
      } catch (IOException e) {
        throw new CrossdistillException(
            "Cannot remove a library that was unpacked in part: " + e + "; " + ADVICE, e);
      }
    }
  }

  private static List<Path> partialFiles(List<JarFile> jars, Path cache) {
    return jars.stream()
        .flatMap(
            jar ->
                libraries(jar)
                    .filter(entry -> fileOf(jar, entry, cache).exists())
                    .filter(entry -> !isUnpacked(entry, fileOf(jar, entry, cache)))
                    .map(entry -> fileOf(jar, entry, cache).toPath()))
        .toList();
  }

  /** Bytes that loading LibTorch will write below {@code cache}, 0 if all is there already. */
  static long bytesToUnpack(Path cache) {
    List<JarFile> jars = jars();
    return missingBytes(jars, cache, "torch_cpu") == 0 ? 0 : missingBytes(jars, cache, "");
  }

  /** The jars that LibTorch and its BLAS are unpacked from. */
  private static List<JarFile> jars() {
    return Stream.of(nativesOf(torch.class, "torch_cpu"), nativesOf(openblas.class, "jniopenblas"))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * The jar that brings the library {@code name}; empty where it lies unpacked on the class path.
   */
  private static Optional<JarFile> nativesOf(Class<?> neighbour, String name) {
    String packagePath = neighbour.getPackageName().replace('.', '/').replace("/global", "");
    String resource =
        "/" + packagePath + "/" + Loader.getPlatform() + "/" + System.mapLibraryName(name);
    URL url = neighbour.getResource(resource);
    if (url == null) {
      throw new CrossdistillException(
          "The class path has no native library " + resource + ": this platform is not supported");
    }
    try {
      URLConnection connection = url.openConnection();
      return connection instanceof JarURLConnection jar
          ? Optional.of(jar.getJarFile())
          : Optional.empty();
    } catch (IOException e) {
      throw new CrossdistillException("Cannot read " + url + ": " + reason(e), e);
    }
  }

  /** Bytes of the libraries that JavaCPP would unpack; all of them for name "". */
  private static long missingBytes(List<JarFile> jars, Path cache, String name) {
    String end = name.isEmpty() ? "" : System.mapLibraryName(name);
    return jars.stream()
        .flatMap(
            jar ->
                libraries(jar)
                    .filter(entry -> entry.getName().endsWith(end))
                    .filter(entry -> !isUnpacked(entry, fileOf(jar, entry, cache))))
        .mapToLong(JarEntry::getSize)
        .sum();
  }

  private static Stream<JarEntry> libraries(JarFile jar) {
    String platform = "/" + Loader.getPlatform() + "/";
    return jar.stream().filter(entry -> !entry.isDirectory() && entry.getName().contains(platform));
  }

  /** Where JavaCPP unpacks an entry to. */
  private static File fileOf(JarFile jar, JarEntry entry, Path cache) {
    Path unpacked = cache.resolve(Path.of(jar.getName()).getFileName());
    return unpacked.resolve(entry.getName()).toFile();
  }

  /** JavaCPP's own rule. */
  private static boolean isUnpacked(JarEntry entry, File file) {
    return file.length() == entry.getSize() && file.lastModified() == entry.getTime();
  }

  static void requireSpace(Path cache, long needed) {
    long free;
    try {
      free = Files.getFileStore(cache).getUsableSpace();
    } catch (IOException e) {
      return; // Unknown: the unpacking itself will tell.
    }
    if (free < needed) {
      throw new CrossdistillException(
          String.format(
              "LibTorch needs %d MB of disk space in %s to unpack, but %d MB are free; %s",
              needed / 1_000_000, cache, free / 1_000_000, ADVICE));
    }
  }

  /** First line of the message of the deepest cause. */
  private static String reason(Throwable e) {
    Throwable deepest = e;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    String message = deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
    return message.lines().findFirst().orElse(deepest.toString());
  }
}

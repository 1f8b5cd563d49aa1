package org.crossdistill.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What Linux tells of the CPU. */
final class Cpu {

  private static final Path CACHES = Path.of("/sys/devices/system/cpu/cpu0/cache");

  private Cpu() {}

  /** Name, family and model: clouds hide the name, and the family says what it is. */
  static String model() {
    String name = fact("model name").orElse(System.getProperty("os.arch"));
    Optional<String> family = fact("cpu family");
    Optional<String> model = fact("model");
    return family.isPresent() && model.isPresent()
        ? name + " (family " + family.get() + ", model " + model.get() + ")"
        : name;
  }

  private static Optional<String> fact(String key) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.substring(0, Math.max(0, line.indexOf(':'))).strip().equals(key))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Those of the first core; a virtual machine may hide them, then what the C library says. */
  static String caches() {
    List<String> caches = new ArrayList<>();
    for (int index = 0; Files.exists(CACHES.resolve("index" + index)); index++) {
      Path folder = CACHES.resolve("index" + index);
      Optional<String> size = line(folder.resolve("size"));
      String type = line(folder.resolve("type")).orElse("");
      if (size.isPresent() && !type.equals("Instruction")) {
        String name =
            "L" + line(folder.resolve("level")).orElse("") + (type.equals("Data") ? "d" : "");
        caches.add(name + " " + size.get().replace("K", " KiB"));
      }
    }
    return caches.isEmpty() ? cachesOfTheCore() : String.join(", ", caches);
  }

  private static Optional<String> line(Path file) {
    try {
      return Optional.of(Files.readString(file).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Without the last level, of which the C library adds up all that the machine has. */
  private static String cachesOfTheCore() {
    List<String> caches = new ArrayList<>();
    for (String[] cache :
        new String[][] {{"L1d", "LEVEL1_DCACHE_SIZE"}, {"L2", "LEVEL2_CACHE_SIZE"}}) {
      String bytes = Commands.output("getconf", cache[1]).orElse("");
      if (bytes.matches("[1-9][0-9]*")) {
        caches.add(cache[0] + " " + (Long.parseLong(bytes) >> 10) + " KiB");
      }
    }
    return String.join(", ", caches);
  }
}

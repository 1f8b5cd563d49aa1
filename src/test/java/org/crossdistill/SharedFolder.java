package org.crossdistill;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where golden files and real data lie, if they are on this machine. */
public final class SharedFolder {

  private static final String PROPERTY = "crossdistill.shared";

  private SharedFolder() {}

  /** A folder in it; the test that asks is skipped where there is none. */
  public static Path require(String name) {
    Path folder = resolve(name);
    assumeTrue(Files.isDirectory(folder), missing(folder));
    return folder;
  }

  /** A folder in it, which need not be there. */
  public static Path resolve(String name) {
    return Path.of(System.getProperty(PROPERTY, "../shared")).resolve(name);
  }

  /** The option that points a child process at the same folder. */
  public static String option() {
    return "-D" + PROPERTY + "=" + resolve("");
  }

  static String missing(Path folder) {
    return "skipped: no folder %s; -D%s=DIR says where oracles and data are"
        .formatted(folder, PROPERTY);
  }
}

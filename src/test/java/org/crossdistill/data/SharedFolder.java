package org.crossdistill.data;

import java.nio.file.Path;

/** Where golden files and real data lie, if they are on this machine. */
final class SharedFolder {

  private SharedFolder() {}

  static Path resolve(String name) {
    return Path.of(System.getProperty("crossdistill.shared", "../shared")).resolve(name);
  }
}

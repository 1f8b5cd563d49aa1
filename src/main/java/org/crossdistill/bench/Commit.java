package org.crossdistill.bench;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The commit that this build was made of, as far as the work tree around it tells. */
final class Commit {

  private static final String UNKNOWN = "unknown";

  private Commit() {}

  /** Such as "1a2b3c4", with "+changes" where the work tree differs; "unknown" outside of one. */
  static String ofThisBuild() {
    Optional<Path> root = workTree();
    if (root.isEmpty()) {
      return UNKNOWN;
    }
    String folder = root.get().toString();
    Optional<String> changes =
        Commands.output("git", "-C", folder, "status", "--porcelain", "--untracked-files=no");
    String suffix = changes.filter(String::isEmpty).isPresent() ? "" : "+changes";
    return Commands.output("git", "-C", folder, "rev-parse", "--short", "HEAD")
        .map(commit -> commit + suffix)
        .orElse(UNKNOWN);
  }

  /** Around the classes or the jar; another project's, that holds the jar, does not count. */
  private static Optional<Path> workTree() {
    try {
      Path build =
          Path.of(Commit.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      for (Path folder = build; folder != null; folder = folder.getParent()) {
        if (Files.exists(folder.resolve("native/include/crossdistill.h"))) {
          return Optional.of(folder);
        }
      }
      return Optional.empty();
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }
}

package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.function.Supplier;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.eval.EvalException;

/** Pictures beside a command's numbers, which do without them where nothing can be drawn. */
final class Pictures {

  private Pictures() {}

  /** Writes a PNG; a machine without fonts gets one line on standard error instead. */
  static void write(Path folder, String name, Supplier<byte[]> png) {
    try {
      AtomicFiles.write(folder.resolve(name), png.get());
    } catch (EvalException e) {
      System.err.println(name + " was not drawn: " + e.getMessage());
    }
  }
}

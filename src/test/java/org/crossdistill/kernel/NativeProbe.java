package org.crossdistill.kernel;

import org.crossdistill.CrossdistillException;

/** Main class of child processes: tells what became of the native library there. */
public final class NativeProbe {

  private NativeProbe() {}

  /** Prints the library's path or why there is none, the instruction set, and the backend. */
  public static void main(String[] arguments) {
    say("library", () -> NativeLibrary.whyNotLoaded().orElseGet(NativeLibrary::path));
    say("isa", () -> Isa.active().label());
    say("backend", () -> Backends.choice().describe());
  }

  private static void say(String what, java.util.function.Supplier<String> value) {
    try {
      System.out.println(what + ": " + value.get());
    } catch (CrossdistillException e) {
      System.out.println(what + " failed: " + e.getMessage());
    }
  }
}

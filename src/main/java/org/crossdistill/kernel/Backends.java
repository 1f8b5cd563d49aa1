package org.crossdistill.kernel;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.crossdistill.kernel.binding.Crossdistill;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which {@link Backend} runs here. Unless one is pinned, the best that works is chosen and one line
 * logged that says why each better one was passed over. The system property {@value #PROPERTY} or
 * the environment variable {@value #ENVIRONMENT} ({@code auto}, {@code cuda}, {@code cpu}, {@code
 * reference}) pins one; if that one does not work it is an error, never a fall-back. A pinned
 * instruction set that cannot be had is an error, too.
 *
 * <p>Thread-safe. The choice is made once for the process.
 */
public final class Backends {

  /** System property that pins the backend. */
  public static final String PROPERTY = "crossdistill.backend";

  /** Environment variable that pins the backend; the system property has precedence. */
  public static final String ENVIRONMENT = "CROSSDISTILL_BACKEND";

  private static final String AUTOMATIC = "auto";

  private static volatile Choice choice;

  /**
   * A chosen backend.
   *
   * @param backend what runs
   * @param pinned whether the user asked for it
   * @param passedOver the better ones, each with the reason why it does not run
   */
  public record Choice(Backend backend, boolean pinned, Map<Backend, String> passedOver) {

    /** Copies the map. */
    public Choice {
      passedOver = Map.copyOf(passedOver);
    }

    /** One line: the backend, and why not a better one. */
    public String describe() {
      if (pinned) {
        return backend.label() + " (pinned)";
      }
      Map<String, String> backendsByReason = new LinkedHashMap<>();
      for (Backend better : Backend.values()) {
        if (passedOver.containsKey(better)) {
          backendsByReason.merge(passedOver.get(better), better.label(), (a, b) -> a + " or " + b);
        }
      }
      String reasons =
          backendsByReason.entrySet().stream()
              .map(entry -> "not " + entry.getValue() + ": " + entry.getKey())
              .collect(Collectors.joining("; "));
      return reasons.isEmpty() ? backend.label() : backend.label() + " (" + reasons + ")";
    }
  }

  private Backends() {}

  /** What the setting may be, joined by ", ". */
  static String settings() {
    return AUTOMATIC + ", " + Labelled.labels(Backend.class);
  }

  /**
   * The backend of losses that are given none.
   *
   * @throws KernelException if the pinned backend or instruction set cannot be had
   */
  public static Backend active() {
    return choice().backend();
  }

  /**
   * The active backend and why it was chosen.
   *
   * @throws KernelException if the pinned backend or instruction set cannot be had
   * @throws SettingException if a setting has an unknown value
   */
  public static Choice choice() {
    Choice made = choice;
    return made != null ? made : choose();
  }

  private static synchronized Choice choose() {
    if (choice == null) {
      Choice made = choose(Settings.BACKEND.get().orElse(AUTOMATIC));
      Logger log = LoggerFactory.getLogger(Backends.class);
      if (made.backend() == Backend.REFERENCE && !made.pinned()) {
        log.warn("backend: {}", made.describe());
      } else {
        log.info("backend: {}", made.describe());
      }
      choice = made;
    }
    return choice;
  }

  /** The choice under a setting: {@code auto} or the label of a backend. */
  static Choice choose(String setting) {
    if (!setting.equals(AUTOMATIC)) {
      Backend pinned = Labelled.parse(Backend.class, PROPERTY + " or " + ENVIRONMENT, setting);
      require(pinned);
      return new Choice(pinned, true, Map.of());
    }
    if (NativeLibrary.isLoaded()) {
      Isa.active();
    }
    Map<Backend, String> passedOver = new EnumMap<>(Backend.class);
    for (Backend backend : Backend.values()) {
      Optional<String> reason = whyUnavailable(backend);
      if (reason.isEmpty()) {
        return new Choice(backend, false, passedOver);
      }
      passedOver.put(backend, reason.get());
    }
    throw new IllegalStateException("the reference backend is always there");
  }

  /**
   * Fails unless a backend works here, so that nothing falls back unseen.
   *
   * @throws KernelException naming the backend and the reason
   */
  public static void require(Backend backend) {
    Optional<String> reason = whyUnavailable(backend);
    if (reason.isPresent()) {
      throw new KernelException("backend " + backend.label() + ": " + reason.get());
    }
  }

  /** Why a backend does not work here, in one line; empty if it does. */
  public static Optional<String> whyUnavailable(Backend backend) {
    return switch (backend) {
      case CUDA -> NativeLibrary.whyNotLoaded().or(Backends::whyNoCuda);
      case CPU -> NativeLibrary.whyNotLoaded().or(Backends::whyNoIsa);
      case REFERENCE -> Optional.empty();
    };
  }

  private static Optional<String> whyNoCuda() {
    if (!NativeLibrary.isBuiltWithCuda()) {
      return Optional.of("the native library was built without CUDA");
    }
    if (NativeLibrary.cudaDevices() > 0) {
      return Optional.empty();
    }
    String reason = Status.text(Crossdistill.cd_last_error());
    return Optional.of(reason.isEmpty() ? "no CUDA device" : reason);
  }

  private static Optional<String> whyNoIsa() {
    try {
      Isa.active();
      return Optional.empty();
    } catch (KernelException e) {
      return Optional.of(e.getMessage());
    }
  }
}

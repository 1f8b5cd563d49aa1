package org.crossdistill.kernel;

import java.util.Optional;
import org.crossdistill.CrossdistillException;

/** The native library cannot be used as asked, or one of its functions refused a call. */
public final class KernelException extends CrossdistillException {

  private final Status status;

  /**
   * @param message one line: what was expected and what was found
   */
  public KernelException(String message) {
    super(message);
    this.status = null;
  }

  /**
   * @param status what the native function returned
   * @param message its one-line explanation
   */
  KernelException(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** What the native function returned; empty if no native function was involved. */
  public Optional<Status> status() {
    return Optional.ofNullable(status);
  }
}

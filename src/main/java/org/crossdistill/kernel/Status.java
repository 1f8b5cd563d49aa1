package org.crossdistill.kernel;

import org.bytedeco.javacpp.BytePointer;
import org.crossdistill.kernel.binding.Crossdistill;

/** What a native function returns. The only place where a status becomes an exception. */
public enum Status {
  OK(Crossdistill.CD_OK),
  INVALID_ARGUMENT(Crossdistill.CD_INVALID_ARGUMENT),
  UNSUPPORTED(Crossdistill.CD_UNSUPPORTED),
  OUT_OF_MEMORY(Crossdistill.CD_OUT_OF_MEMORY),
  DEVICE_ERROR(Crossdistill.CD_DEVICE_ERROR),
  INTERNAL_ERROR(Crossdistill.CD_INTERNAL_ERROR);

  private static final Status[] BY_CODE = values();

  private final int code;

  Status(int code) {
    this.code = code;
  }

  /**
   * Called with the result of every native function, on the thread that called it.
   *
   * @param code the returned status
   * @throws KernelException with the library's own explanation unless the status is OK
   */
  static void check(int code) {
    if (code != Crossdistill.CD_OK) {
      throw exception(code, text(Crossdistill.cd_last_error()));
    }
  }

  /** The exception for a failed call; a code that this enum lacks counts as an internal error. */
  static KernelException exception(int code, String explanation) {
    Status status = of(code);
    String reason = explanation.isEmpty() ? "no explanation was given" : explanation;
    return switch (status) {
      case INVALID_ARGUMENT, UNSUPPORTED -> new KernelException(status, reason);
      case OUT_OF_MEMORY -> new KernelException(status, "out of memory: " + reason);
      case DEVICE_ERROR -> new KernelException(status, "the device failed: " + reason);
      case OK, INTERNAL_ERROR ->
          new KernelException(
              INTERNAL_ERROR, "error " + code + " in the native library: " + reason);
    };
  }

  private static Status of(int code) {
    for (Status status : BY_CODE) {
      if (status.code == code) {
        return status;
      }
    }
    return INTERNAL_ERROR;
  }

  /** A C string as Java text; "" for a null pointer. */
  static String text(BytePointer string) {
    return string == null || string.isNull() ? "" : string.getString();
  }
}

package org.crossdistill.train;

import org.crossdistill.CrossdistillException;

/** A configuration that can't be read or means nothing: the message names the key. */
public final class ConfigException extends CrossdistillException {

  /**
   * @param message one line: the file or key, what was expected, what was found
   */
  public ConfigException(String message) {
    super(message);
  }

  /**
   * @param message one line: the file or key, what was expected, what was found
   * @param cause what led to it
   */
  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}

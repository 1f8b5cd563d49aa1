package org.crossdistill.kernel;

import org.crossdistill.CrossdistillException;

/** A system property or environment variable of crossdistill has a value that nobody knows. */
public final class SettingException extends CrossdistillException {

  /**
   * @param message one line: the setting, the known values, the one found
   */
  SettingException(String message) {
    super(message);
  }
}

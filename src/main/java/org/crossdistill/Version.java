package org.crossdistill;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** The version of this library. */
public final class Version {

  private Version() {}

  /** As in the build, such as {@code 0.1.0}. */
  public static String current() {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new CrossdistillException("cannot read version.properties: " + e.getMessage(), e);
    }
    return properties.getProperty("version");
  }
}

package org.crossdistill.kernel;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * Tells JavaCPP how to turn {@code crossdistill.h} into the package {@code
 * org.crossdistill.kernel.binding}: the header is parsed at build time, nothing of it is copied.
 */
@Properties(
    value = @Platform(include = "crossdistill.h", link = "crossdistill"),
    target = "org.crossdistill.kernel.binding",
    global = "org.crossdistill.kernel.binding.Crossdistill")
public class CrossdistillPresets implements InfoMapper {

  @Override
  public void map(InfoMap infoMap) {
    infoMap.put(new Info("CD_EXPORT").cppTypes().annotations());
  }
}

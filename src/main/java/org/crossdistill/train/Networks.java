package org.crossdistill.train;

import java.util.List;
import java.util.random.RandomGenerator;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.FeatureEncoder;
import org.crossdistill.nn.SmallResNet;
import org.crossdistill.train.Experiment.Settings;

/** Untrained backbones that fit a modality. */
final class Networks {

  private Networks() {}

  /**
   * A network of the sizes that the settings give a role.
   *
   * @param shape of one sample: [channels, height, width] or [features]
   */
  static Backbone of(Role role, long[] shape, Settings settings, RandomGenerator random) {
    int first = Math.toIntExact(shape[0]);
    if (shape.length == 1) {
      return new FeatureEncoder(random, first, encoder(role, settings));
    }
    SmallResNet.Options own = settings.teacher().network();
    boolean asStudent = role == Role.STUDENT || own == null;
    return new SmallResNet(random, first, asStudent ? settings.student() : own);
  }

  /** Rows of features: the student's hidden layer is as wide as its last channels. */
  private static FeatureEncoder.Options encoder(Role role, Settings settings) {
    if (role == Role.OTHER) {
      return settings.teacher().encoder();
    }
    SmallResNet.Options student = settings.student();
    List<Integer> channels = student.channels();
    return new FeatureEncoder.Options(
        channels.get(channels.size() - 1), student.embedding(), student.dropout());
  }
}

package org.crossdistill.cli;

import org.crossdistill.Version;
import org.crossdistill.kernel.Backends;
import org.crossdistill.train.Provenance;

/** What results of this process are made with. */
final class Provenances {

  private Provenances() {}

  static Provenance here() {
    return new Provenance(Version.current(), Backends.choice().describe());
  }
}

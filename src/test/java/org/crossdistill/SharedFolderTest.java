package org.crossdistill;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class SharedFolderTest {

  @Test
  void aSkippedTestSaysHowToPointAtTheFolder() {
    assertThatThrownBy(() -> SharedFolder.require("no-such-folder"))
        .isInstanceOf(TestAbortedException.class)
        .hasMessageContaining("no-such-folder; -Dcrossdistill.shared=DIR says where");
  }
}

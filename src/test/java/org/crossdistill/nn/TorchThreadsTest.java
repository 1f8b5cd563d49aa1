package org.crossdistill.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class TorchThreadsTest {

  @Test
  void blasGetsOneThreadWhateverLibTorchHas() {
    int before = torch.get_num_threads();
    try {
      openblas_nolapack.blas_set_num_threads(2);
      TorchThreads.set(2);
      assertThat(torch.get_num_threads()).isEqualTo(2);
      assertThat(openblas_nolapack.blas_get_num_threads()).isEqualTo(1);
    } finally {
      TorchThreads.set(before);
    }
  }

  @Test
  void noThreadsAreRefused() {
    assertThatThrownBy(() -> TorchThreads.set(0))
        .isInstanceOf(NetworkException.class)
        .hasMessage("threads: expected at least 1, found 0");
  }
}

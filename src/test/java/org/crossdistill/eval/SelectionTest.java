package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SelectionTest {

  @Test
  void countsByHand() {
    boolean[] wanted = {true, true, true, false, false, true, false, false};
    boolean[] selected = {true, true, false, true, false, false, false, false};

    Selection selection = Selection.of(selected, wanted);

    assertThat(selection.precision()).isEqualTo(2. / 3);
    assertThat(selection.recall()).isEqualTo(2. / 4);
    assertThat(selection.selected()).isEqualTo(3. / 8);
    assertThat(selection.wanted()).isEqualTo(4. / 8);
  }

  @Test
  void whatSelectsNothingHasNoPrecision() {
    Selection selection = Selection.of(new boolean[2], new boolean[] {true, false});

    assertThat(selection.precision()).isNaN();
    assertThat(selection.recall()).isZero();
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> Selection.of(new boolean[2], new boolean[2]))
        .isInstanceOf(EvalException.class)
        .hasMessage("selection: expected a wanted sample, found none among 2");
    assertThatThrownBy(() -> Selection.of(new boolean[1], new boolean[2]))
        .hasMessage("selection: expected as many marks as samples, found 1 and 2");
  }
}

package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Font;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CanvasTest {

  @BeforeEach
  void needsFonts() {
    TestImages.assumeFonts();
  }

  @Test
  void cutsATextToTheLongestBeginningThatFits() {
    Font font = Canvas.regular(13);
    String text = "woman getting haircut, barber, beauty";
    int full = Canvas.textWidth(text, font);
    assertThat(Canvas.ellipsized(text, font, full)).isEqualTo(text);

    String cut = Canvas.ellipsized(text, font, full / 2);
    String kept = cut.substring(0, cut.length() - 1);
    assertThat(cut).endsWith("…");
    assertThat(text).startsWith(kept);
    assertThat(Canvas.textWidth(cut, font)).isBetween(full / 3, full / 2);
    String oneMore = text.substring(0, kept.length() + 1);
    assertThat(Canvas.textWidth(oneMore + "…", font)).isGreaterThan(full / 2);
  }

  @Test
  void neverCutsACharacterOfTwoUnitsInTheMiddle() {
    Font font = Canvas.regular(13);
    String pair = Character.toString(0x1F34D);
    for (int width = 0; width < Canvas.textWidth(pair + pair + pair, font); width++) {
      String cut = Canvas.ellipsized(pair + pair + pair, font, width);
      assertThat(cut.replace(pair, "")).isEqualTo("…");
    }
  }

  @Test
  void saysWhichPackagesAreMissingWhereNoTextCanBeDrawn() {
    assertThatThrownBy(
            () ->
                Canvas.requireFonts(
                    () -> {
                      throw new InternalError(
                          "java.lang.reflect.InvocationTargetException",
                          new RuntimeException("Fontconfig head is null\ncheck your fonts"));
                    }))
        .isInstanceOf(EvalException.class)
        .hasMessage(
            "no text can be drawn, Java finds no fonts (Debian: apt install fontconfig"
                + " fonts-dejavu-core; Fedora: dnf install fontconfig dejavu-sans-fonts):"
                + " Fontconfig head is null");
  }
}

package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.util.List;
import org.crossdistill.eval.PictureGrid.Candidate;
import org.crossdistill.eval.PictureGrid.Cell;
import org.crossdistill.eval.PictureGrid.Match;
import org.crossdistill.eval.Retrieval.Hit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PictureGridTest {
  private static final int GREEN = Canvas.GREEN.getRGB() & 0xFFFFFF;
  private static final int RED = 0xC01010;

  @BeforeEach
  void needsFonts() {
    TestImages.assumeFonts();
  }

  @Test
  void saysHowEachHitRelatesToThePicture() {
    List<Hit> hits = List.of(new Hit(2, .9), new Hit(0, .5), new Hit(1, -.1));
    Cell cell =
        Cell.of(picture(64, 64), 0, hits, List.of("kiwi", "melon", "dog"), new int[] {4, 4, 7});
    assertThat(cell.label()).isEqualTo("kiwi");
    assertThat(cell.nearest())
        .containsExactly(
            new Candidate("dog", .9, Match.OTHER),
            new Candidate("kiwi", .5, Match.OWN),
            new Candidate("melon", -.1, Match.SAME_CLASS));
  }

  @Test
  void picturesFillASquareAndKeepTheirProportions() {
    // The first square starts at (34, 88) in logical pixels and is 96 wide; two pixels for one.
    BufferedImage square = draw(cell(picture(64, 64), Match.OTHER));
    assertThat(TestImages.count(square, RED)).isEqualTo(192 * 192);
    assertThat(TestImages.rgb(square, 2 * 34, 2 * 88)).isEqualTo(RED);
    assertThat(TestImages.rgb(square, 2 * 130 - 1, 2 * 184 - 1)).isEqualTo(RED);

    BufferedImage wide = draw(cell(picture(100, 50), Match.OTHER));
    assertThat(TestImages.count(wide, RED)).isEqualTo(192 * 96);
  }

  @Test
  void transparentPicturesStandOnWhite() {
    BufferedImage clear = new BufferedImage(64, 64, BufferedImage.TYPE_INT_ARGB);
    BufferedImage grid = draw(cell(clear, Match.OTHER));
    assertThat(TestImages.rgb(grid, 2 * 82, 2 * 136)).isEqualTo(0xFFFFFF);
  }

  @Test
  void rightTextsAreMarked() {
    long none = TestImages.count(draw(cell(picture(64, 64), Match.OTHER)), GREEN); // the key's
    long ring = TestImages.count(draw(cell(picture(64, 64), Match.SAME_CLASS)), GREEN);
    long disc = TestImages.count(draw(cell(picture(64, 64), Match.OWN)), GREEN);
    assertThat(ring - none).isBetween(150L, 320L); // π · 10 · 2 logical pixels, four for one
    assertThat(disc - none).isBetween(350L, 616L); // π · 7² of them, without the tick
  }

  @Test
  void longTextsStayInsideTheirCell() {
    String text = "a text with a great many words that never comes to an end, or so it seems";
    Cell cell = new Cell(picture(64, 64), text, List.of(new Candidate(text, -.99, Match.OWN)));
    BufferedImage image =
        TestImages.decode(new PictureGrid(text + text, text + text, List.of(cell, cell)).toPng());
    assertThat(image.getWidth()).isEqualTo(2 * (2 * 400 + 12 + 2 * 20));
    TestImages.assertWhiteFrame(image, 2 * 18);
    int gap = 2 * (20 + 400 + 6); // the middle of the gap between the cells
    for (int y = 2 * 80; y < 2 * 190; y++) {
      assertThat(TestImages.rgb(image, gap, y)).isEqualTo(0xFFFFFF);
    }
  }

  @Test
  void theSameGridGivesTheSameBytes() {
    PictureGrid grid = grid(cell(picture(64, 64), Match.OWN));
    assertThat(grid.toPng()).isEqualTo(grid.toPng());
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> new PictureGrid("Unseen", "", List.of()))
        .isInstanceOf(EvalException.class)
        .hasMessage("picture grid \"Unseen\": expected at least one picture");
  }

  private static BufferedImage draw(Cell cell) {
    return TestImages.decode(grid(cell).toPng());
  }

  private static PictureGrid grid(Cell cell) {
    return new PictureGrid("Unseen classes", "seed 1", List.of(cell));
  }

  private static Cell cell(BufferedImage picture, Match match) {
    return new Cell(picture, "label", List.of(new Candidate("text", .5, match)));
  }

  private static BufferedImage picture(int width, int height) {
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        picture.setRGB(x, y, RED);
      }
    }
    return picture;
  }
}

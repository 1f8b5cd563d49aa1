package org.crossdistill.data;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The data set {@code emoji}: what each emoji is called and how it is drawn.
 *
 * <p>Texts, groups and sub-groups are those of Unicode, as the artifact {@code net.fellbaum:jemoji}
 * carries them; the pictures are the Noto emoji of 64 × 64 pixels in the sprite sheets of {@code
 * com.vanniktech:emoji-google-android}. Both are under the Apache License 2.0. The two are joined
 * on the emoji itself, without the variation selector U+FE0F, which says nothing about its look.
 *
 * <p>Skin tones and components are left out, and a few emoji that are newer than the sheets.
 */
public final class EmojiDataset {

  /** The column of the nine large groups, such as "Food &amp; Drink". */
  public static final String GROUP = "group";

  /** The column of the sub-groups, such as "food-fruit". */
  public static final String SUBGROUP = "subgroup";

  private EmojiDataset() {}

  /**
   * Reads the data set from the class path. Takes about a second.
   *
   * @return 1 906 samples of 1 674 bases in Unicode's order, with columns {@link #GROUP} and {@link
   *     #SUBGROUP}; a text is the description and all keywords
   * @throws DataException when an artifact is missing on the class path or not as expected
   */
  public static PairedSamples load() {
    List<EmojiText> texts = EmojiText.readAll();
    EmojiSprites sprites = EmojiSprites.read();
    Map<Picture, String> baseOfPicture = new HashMap<>();
    List<PairedSample> samples = new ArrayList<>();
    List<String> groups = new ArrayList<>();
    List<String> subgroups = new ArrayList<>();
    for (EmojiText text : texts) {
      Picture picture = sprites.picture(text.emoji());
      if (picture != null) {
        // Some flags look the same to the pixel, such as those of Norway and Svalbard.
        String base = baseOfPicture.computeIfAbsent(picture, unseen -> text.base());
        samples.add(
            new PairedSample(text.emoji(), base, text.description(), text.fullText(), picture));
        groups.add(text.group());
        subgroups.add(text.subgroup());
      }
    }
    return PairedSamples.of(
        samples, List.of(Labels.ofNames(GROUP, groups), Labels.ofNames(SUBGROUP, subgroups)));
  }

  /** Joins the spellings with and without the selector of the coloured look. */
  static String withoutVariationSelector(String emoji) {
    return emoji.replace("\uFE0F", "");
  }
}

package org.crossdistill.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What Unicode says about one emoji. */
record EmojiText(
    String emoji, String description, List<String> keywords, String group, String subgroup) {

  private static final String RESOURCE = "/jemoji/emojis.json";
  private static final String FLAGS = "Flags";
  private static final Pattern GENDER =
      Pattern.compile("\\b(man|woman|person|men|women|people)\\b");
  private static final Pattern DIRECTION = Pattern.compile(" facing right$");
  private static final Pattern SPACES = Pattern.compile("\\s+");

  /**
   * All fully qualified emoji without a skin tone.
   *
   * <p>The file is read here and not through jemoji's classes, which want a newer Jackson and take
   * three times as long.
   */
  static List<EmojiText> readAll() {
    try (InputStream in = EmojiText.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new DataException(
            "class path: expected " + RESOURCE + " of net.fellbaum:jemoji, found none");
      }
      return readAll(in);
    } catch (IOException e) {
      throw new DataException("class path: cannot read " + RESOURCE + ": " + e.getMessage(), e);
    }
  }

  private static List<EmojiText> readAll(InputStream in) throws IOException {
    List<EmojiText> texts = new ArrayList<>();
    try (JsonParser json = new JsonFactory().createParser(in)) {
      json.nextToken(); // the array of all emoji
      while (json.nextToken() == JsonToken.START_OBJECT) {
        Fields fields = Fields.read(json);
        if (fields.qualification.equals("fully-qualified") && !fields.skinTone) {
          texts.add(fields.toText());
        }
      }
    }
    return texts;
  }

  /**
   * The description without what makes variants of one emoji: gender, hair and family members
   * (which stand behind a colon) and direction. Flags have a colon, too, but are all different.
   */
  String base() {
    int colon = group.equals(FLAGS) ? -1 : description.indexOf(':');
    String base = colon < 0 ? description : description.substring(0, colon);
    base = DIRECTION.matcher(base).replaceFirst("");
    base = GENDER.matcher(base).replaceAll("");
    base = SPACES.matcher(base).replaceAll(" ").strip();
    return base.isEmpty() ? "person" : base;
  }

  String fullText() {
    return description + ", " + String.join(", ", keywords);
  }

  /** One object of the file while it is read. */
  private static final class Fields {
    private String emoji = "";
    private String description = "";
    private List<String> keywords = List.of();
    private String group = "";
    private String subgroup = "";
    private String qualification = "";
    private boolean skinTone;

    static Fields read(JsonParser json) throws IOException {
      Fields fields = new Fields();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        json.nextToken();
        fields.set(name, json);
      }
      return fields;
    }

    private void set(String name, JsonParser json) throws IOException {
      switch (name) {
        case "emoji" -> emoji = json.getText();
        case "description" -> description = json.getText();
        case "keywords" -> keywords = strings(json);
        case "group" -> group = json.getText();
        case "subgroup" -> subgroup = json.getText();
        case "qualification" -> qualification = json.getText();
        case "hasFitzpatrick" -> skinTone = json.getBooleanValue();
        default -> json.skipChildren();
      }
    }

    private static List<String> strings(JsonParser json) throws IOException {
      List<String> strings = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        strings.add(json.getText());
      }
      return List.copyOf(strings);
    }

    EmojiText toText() {
      return new EmojiText(emoji, description, keywords, group, subgroup);
    }
  }
}

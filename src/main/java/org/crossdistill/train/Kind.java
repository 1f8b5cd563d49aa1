package org.crossdistill.train;

/** What a modality is: its name, and what network fits it. */
public enum Kind {
  /** Pictures, for a residual network. */
  PICTURE("picture", true),
  /** Log-mel spectrograms, for a residual network. */
  SOUND("sound", true),
  /** Bags of words, for a network of linear layers. */
  TEXT("text", false),
  /** Generated rows, for a network of linear layers. */
  LATENTS("latents", false);

  private final String key;
  private final boolean maps;

  Kind(String key, boolean maps) {
    this.key = key;
    this.maps = maps;
  }

  /** The name in files and messages. */
  public String key() {
    return key;
  }

  /** Whether samples are maps [channels, height, width] and not rows of features. */
  public boolean maps() {
    return maps;
  }
}

package org.crossdistill.kernel;

import java.util.Arrays;
import java.util.stream.Collectors;

/** A constant with a name for users, as configuration files and the command line spell it. */
public interface Labelled {

  /** Lower case, words joined by hyphens. */
  String label();

  /**
   * The constant with a label.
   *
   * @param type an enum of labelled constants
   * @param option what the text was given for, for the message
   * @param text a label
   * @throws KernelException naming the option, the text and all labels if there is none such
   */
  static <E extends Enum<E> & Labelled> E parse(Class<E> type, String option, String text) {
    for (E constant : type.getEnumConstants()) {
      if (constant.label().equals(text)) {
        return constant;
      }
    }
    throw new KernelException(
        option + ": expected one of " + labels(type) + "; found '" + text + "'");
  }

  /** All labels of an enum, such as "cuda, cpu, reference". */
  static <E extends Enum<E> & Labelled> String labels(Class<E> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(Labelled::label)
        .collect(Collectors.joining(", "));
  }
}

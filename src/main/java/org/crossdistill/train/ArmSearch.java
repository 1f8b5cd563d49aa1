package org.crossdistill.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How an arm takes part in a search of settings.
 *
 * @param space what is searched for this arm beside what is searched for all, by key
 * @param as the arm whose choice this one takes over, as a control does; empty if it searches
 */
public record ArmSearch(Map<String, SearchRange> space, Optional<String> as) {

  private static final String SPACE = "space";
  private static final String TUNED_AS = "tuned-as";

  /** Its keys in an arm's table. */
  static final List<String> KEYS = List.of(SPACE, TUNED_AS);

  /** Takes its keys out of an arm's table. */
  static ArmSearch takeFrom(Map<String, Object> arm) {
    Object as = arm.remove(TUNED_AS);
    if (as != null && !(as instanceof String)) {
      throw new ConfigException("arm.tuned-as: expected the name of an arm, found " + as);
    }
    return new ArmSearch(
        SearchRange.table("arm.space", arm.remove(SPACE)), Optional.ofNullable((String) as));
  }
}

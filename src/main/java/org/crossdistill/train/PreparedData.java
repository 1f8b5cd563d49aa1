package org.crossdistill.train;

import java.util.List;
import org.crossdistill.data.PairedSample;

/**
 * The samples of one run, divided. Where nothing else is said, samples are the student's.
 *
 * @param student the modality that the student takes
 * @param other the modality that the teacher takes, with the same classes
 * @param pairing which sample of it belongs to which of the student's
 * @param pairs pictures and texts of all samples, for people; empty where there are none
 */
record PreparedData(Modality student, Modality other, Pairing pairing, List<PairedSample> pairs) {

  /** Training samples. */
  int[] train() {
    return student.train();
  }

  /** Validation samples, of the training classes; may be none. */
  int[] validation() {
    return student.split().validation().samples();
  }

  /** Test samples. */
  int[] test() {
    return student.split().test().samples();
  }

  /** Names of the classes that the student learns. */
  List<String> classes() {
    return student.classes();
  }

  /** Names of the classes of the test. */
  List<String> testClasses() {
    return student.split().test().classes();
  }

  /** The same without anything of the test samples: neither values nor labels, nor which. */
  PreparedData withoutTest() {
    return new PreparedData(student.withoutTest(), other.withoutTest(), pairing, pairs);
  }

  /** Labels of some samples. */
  int[] labels(int[] rows) {
    return student.labels(rows);
  }

  /** A modality. */
  Modality modality(Role role) {
    return role == Role.STUDENT ? student : other;
  }
}

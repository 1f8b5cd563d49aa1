package org.crossdistill.train;

/** Which of the two modalities of a data set. */
public enum Role {
  /** The one that the student takes. */
  STUDENT,
  /** The one that the teacher takes. */
  OTHER
}

package org.crossdistill.data;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;

/** Turns what the JDK says about a file into one line that a person understands. */
final class IoErrors {

  /** Less room than this, in bytes, is none. */
  private static final long NO_ROOM = 1 << 14;

  private IoErrors() {}

  static DataException cannotRead(Path file, IOException cause) {
    return new DataException("cannot read " + file + ": " + reason(cause), cause);
  }

  static DataException cannotWrite(Path file, IOException cause) {
    String message = "cannot write " + file + ": " + reason(cause);
    return isFull(file, cause)
        ? new FullDiskException(message, cause)
        : new DataException(message, cause);
  }

  /** The system says so in the user's language; what room there is needs no translation. */
  private static boolean isFull(Path file, IOException cause) {
    if (reason(cause).matches("(?i).*(no space left|quota exceeded).*")) {
      return true;
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || cause instanceof NoSuchFileException) {
      return false;
    }
    try {
      return Files.getFileStore(folder).getUsableSpace() < NO_ROOM;
    } catch (IOException e) {
      return false; // The folder is not there: the file's own failure says more.
    }
  }

  private static String reason(IOException cause) {
    if (cause instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (cause instanceof NoSuchFileException || cause instanceof FileNotFoundException) {
      return "no such file or folder";
    }
    if (cause instanceof NotDirectoryException) {
      return "not a folder";
    }
    if (cause instanceof EOFException) {
      return "the file ends too early";
    }
    String text =
        cause instanceof FileSystemException file && file.getReason() != null
            ? file.getReason()
            : cause.getMessage();
    return text == null ? cause.getClass().getSimpleName() : firstLine(text);
  }

  private static String firstLine(String text) {
    String line = text.lines().findFirst().orElse("").strip();
    return line.isEmpty() ? "" : line.substring(0, 1).toLowerCase(Locale.ROOT) + line.substring(1);
  }
}

package org.crossdistill.data;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes files that are either whole or not there: a temporary file beside the target is written,
 * forced to the disk and renamed. Whatever fails, an older file of that name stays as it was and no
 * temporary file remains.
 *
 * <p>Thread-safe; of two writers of one target, one wins whole.
 */
public final class AtomicFiles {

  private static final int BUFFER_BYTES = 1 << 16;
  private static final AtomicLong COUNTER = new AtomicLong();

  private AtomicFiles() {}

  /** What a file is to hold. */
  @FunctionalInterface
  public interface Content {

    /**
     * Writes everything; need neither flush nor close.
     *
     * @param out buffered
     * @throws IOException when it cannot be written
     */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file piece by piece.
   *
   * @param target in a folder that exists; replaced if it exists
   * @param content called once
   * @throws DataException naming the target when its folder is missing or not writable, the disk is
   *     full, or the target is a device or a pipe, which a file must not take the place of
   */
  public static void write(Path target, Content content) {
    refuseDevice(target);
    Path absolute = target.toAbsolutePath();
    Path temporary = temporaryBeside(absolute);
    // An interrupted thread could not sync the folder, and saving often is what it was
    // interrupted for.
    boolean interrupted = Thread.interrupted();
    try {
      writeAndSync(temporary, content);
      Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE);
      syncFolder(absolute.getParent());
    } catch (IOException e) {
      throw IoErrors.cannotWrite(target, e);
    } finally {
      deleteQuietly(temporary);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Writes bytes.
   *
   * @param target as in {@link #write(Path, Content)}
   * @param bytes the whole content
   * @throws DataException as in {@link #write(Path, Content)}
   */
  public static void write(Path target, byte[] bytes) {
    write(target, out -> out.write(bytes));
  }

  /**
   * Writes a text.
   *
   * @param target as in {@link #write(Path, Content)}
   * @param text the whole content, written as UTF-8
   * @throws DataException as in {@link #write(Path, Content)}
   */
  public static void write(Path target, String text) {
    write(target, text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Makes a folder and its parents, where they are missing.
   *
   * @param folder may exist
   * @return those that were missing, the deepest first
   * @throws DataException naming the folder when it cannot be made or is a file
   */
  public static List<Path> createFolders(Path folder) {
    List<Path> missing = new ArrayList<>();
    Path next = folder.toAbsolutePath();
    while (next != null && !Files.exists(next)) {
      missing.add(next);
      next = next.getParent();
    }
    try {
      Files.createDirectories(folder);
      return missing;
    } catch (IOException e) {
      removeEmpty(missing);
      if (Files.exists(folder)) {
        throw new DataException("cannot make the folder " + folder + ": a file has that name", e);
      }
      throw IoErrors.cannotWrite(folder, e);
    }
  }

  /**
   * Fails unless a folder has room.
   *
   * @param folder exists
   * @param bytes that are going to be written there, or more
   * @throws FullDiskException naming the folder, what is needed and what is free
   */
  public static void requireRoom(Path folder, long bytes) {
    long free;
    try {
      free = Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      throw IoErrors.cannotWrite(folder, e);
    }
    if (free < bytes) {
      throw new FullDiskException(
          "folder %s: expected %.1f MB of free disk space, found %.1f MB"
              .formatted(folder, bytes / 1e6, free / 1e6));
    }
  }

  /**
   * Removes folders as far as they are empty; the others stay, and what keeps one from going is
   * nobody's concern.
   *
   * @param folders each before the one that it stands in
   */
  public static void removeEmpty(List<Path> folders) {
    try {
      for (Path folder : folders) {
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      // It is in use, and so are those that it stands in.
    }
  }

  private static void refuseDevice(Path target) {
    if (target.getFileName() == null) {
      throw new DataException("cannot write " + target + ": expected a file, found a root folder");
    }
    try {
      if (Files.exists(target)
          && Files.readAttributes(target, BasicFileAttributes.class).isOther()) {
        throw new DataException(
            "cannot write "
                + target
                + ": expected a file or nothing there, found a device or pipe");
      }
    } catch (IOException e) {
      throw IoErrors.cannotWrite(target, e);
    }
  }

  private static Path temporaryBeside(Path target) {
    long pid = ProcessHandle.current().pid();
    return target.resolveSibling(
        "." + target.getFileName() + "." + pid + "-" + COUNTER.incrementAndGet() + ".tmp");
  }

  private static void writeAndSync(Path temporary, Content content) throws IOException {
    // A file left by a killed process of the same number is in nobody's use.
    Files.deleteIfExists(temporary);
    Files.createFile(temporary);
    try (FileOutputStream file = new FileOutputStream(temporary.toFile());
        OutputStream out = new BufferedOutputStream(file, BUFFER_BYTES)) {
      content.writeTo(out);
      out.flush();
      file.getFD().sync();
    }
  }

  private static void syncFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void deleteQuietly(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The write has failed already, and that is what the caller hears about.
    }
  }
}

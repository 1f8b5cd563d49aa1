package org.crossdistill.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.crossdistill.data.Subset;
import org.crossdistill.method.Method;
import org.crossdistill.method.Method.SingleModal;

/**
 * What a finished training leaves.
 *
 * @param evaluation of the run's data
 * @param data divided
 * @param method that was trained
 * @param teacher null without one
 * @param options of the data
 * @param config the whole configuration
 */
record TrainedModels(
    Evaluation evaluation,
    PreparedData data,
    Method method,
    Teacher teacher,
    DataOptions options,
    Map<String, Object> config) {

  /** Writes the student, and the other modality's model where there is one; gives their names. */
  List<String> write(RunFolder folder) {
    student().write(folder.model());
    Optional<ModelFile> other = other();
    if (other.isEmpty()) {
      folder.removeOtherModel(); // an earlier training may have left one
      return List.of(RunFolder.MODEL);
    }
    other.get().write(folder.otherModel());
    return List.of(RunFolder.MODEL, RunFolder.OTHER_MODEL);
  }

  /** The student, ready to be saved. */
  ModelFile student() {
    ClassTexts texts = classTexts(data.other().split().train());
    if (options.open()) {
      texts = texts.and(classTexts(data.other().split().test()));
    }
    SingleModal model = new SingleModal(method.student(), method.classifier());
    return file(Role.STUDENT, model, texts);
  }

  /**
   * The other modality's model, ready to be saved; empty where the method trains none, or one that
   * takes features which only this run's data know.
   */
  Optional<ModelFile> other() {
    return options.shape(Role.OTHER).isEmpty()
        ? Optional.empty()
        : method.other().map(model -> file(Role.OTHER, model, ClassTexts.NONE));
  }

  private ModelFile file(Role role, SingleModal model, ClassTexts texts) {
    var classes = data.modality(role).classes();
    return new ModelFile(role, model, classes, texts.classes(), texts.embeddings(), config);
  }

  private ClassTexts classTexts(Subset part) {
    if (data.other().kind() != Kind.TEXT) {
      return ClassTexts.NONE;
    }
    return evaluation
        .project(method, teacher, part.samples())
        .map(texts -> ClassTexts.of(part, texts))
        .orElse(ClassTexts.NONE);
  }

  /**
   * The test samples of an open set of pictures and texts as the model sees them; empty without
   * either or without a common space.
   */
  Optional<OpenSetGallery> gallery() {
    int[] test = data.test();
    if (data.pairs().isEmpty()) {
      return Optional.empty();
    }
    return evaluation
        .projectPartners(method, teacher, test)
        .map(
            texts ->
                new OpenSetGallery(
                    IntStream.of(test).mapToObj(data.pairs()::get).toList(),
                    data.labels(test),
                    data.testClasses(),
                    evaluation.embed(method, test),
                    texts));
  }
}

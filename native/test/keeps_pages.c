/* A kernel that is called again finds the memory of its last call: no call fetches pages anew. A
 * process of its own, since what the allocator gives back depends on all that came before. */
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "crossdistill.h"

enum { ROWS = 64, DIM = 128, MOST_CLASSES = 70, CALLS = 100, MOST_FAULTS = 200 };

static float embeddings[2][ROWS * DIM], classifier[MOST_CLASSES * DIM];
static float grad_embeddings[2][ROWS * DIM], grad_classifier[MOST_CLASSES * DIM];
static float losses[2], weights[ROWS];
static int64_t labels[ROWS];

static int call(int64_t classes, int threads) {
  cd_row_set sets[2];
  memset(sets, 0, sizeof sets);
  for (int s = 0; s < 2; ++s) {
    sets[s].rows = ROWS;
    sets[s].embeddings = embeddings[s];
    sets[s].embeddings_stride = DIM;
    sets[s].labels = labels;
    sets[s].weights_or_null = weights;
    sets[s].grad_scale = 1;
    sets[s].loss = &losses[s];
    sets[s].grad_embeddings_or_null = grad_embeddings[s];
    sets[s].grad_embeddings_stride = DIM;
  }
  return cd_margin_classifier(CD_F32, classes, DIM, classifier, DIM, NULL, sets, 2, NULL,
                              CD_CLASSIFIER_AAM, 16, 0.2, 0, CD_MEAN, grad_classifier, DIM, NULL,
                              threads);
}

static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

int main(void) {
  for (int i = 0; i < ROWS * DIM; ++i) {
    embeddings[0][i] = (float)(i % 13 - 6);
    embeddings[1][i] = (float)(i % 17 - 8);
  }
  for (int i = 0; i < MOST_CLASSES * DIM; ++i) classifier[i] = (float)(i % 11 - 5);
  for (int i = 0; i < ROWS; ++i) {
    labels[i] = i % 10;
    weights[i] = 1;
  }
  for (int64_t classes = 10; classes <= MOST_CLASSES; classes += 15) {
    for (int threads = 1; threads <= 2; ++threads) {
      long before = 0;
      for (int i = 0; i < 2 + CALLS; ++i) {
        if (i == 2) before = faults();
        if (call(classes, threads) != CD_OK) {
          printf("%s\n", cd_last_error());
          return 1;
        }
      }
      const long found = faults() - before;
      printf("%d classes, %d threads: %ld page faults in %d calls\n", (int)classes, threads, found,
             CALLS);
      if (found > MOST_FAULTS) return 1;
    }
  }
  return 0;
}

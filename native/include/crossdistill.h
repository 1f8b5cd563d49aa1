/*
 * crossdistill: fused kernels for cross-modal distillation. This header is the whole C ABI.
 *
 * Letters: B rows of a batch, C classes, D embedding size.
 *
 * Conventions
 *  - Every function returns a cd_status (0 = CD_OK). On an error nothing has been written and
 *    cd_last_error() holds one line for the calling thread that names the argument, what was
 *    expected and what came.
 *  - Matrices are row-major with a leading stride in elements (stride >= columns). Pointers need
 *    the alignment of their element only. A null pointer is accepted where the name ends in
 *    `_or_null`. Outputs may not overlap inputs or each other.
 *  - `dtype` is the type of embeddings and of their gradients. Weights, counts, losses, rows and
 *    weight gradients have the accumulation type A: double for CD_F64, float for all others.
 *  - Outputs are overwritten, never accumulated into. Gradients are multiplied by `grad_scale`
 *    (finite), which leaves the losses as they are.
 *  - `threads`: how many OpenMP threads the call may use, 0 = the process's default; it never uses
 *    more than there are processors, or 16. The result has the same bits for every number of
 *    threads, and from run to run.
 *  - Sizes are at most 2^34.
 *  - All functions may be called from many threads at once.
 *  - Non-finite embeddings give a non-finite loss; they are no error.
 *  - `..._cuda` variants take device pointers and a cudaStream_t as `stream`, allocate nothing, and
 *    return after the launch. The workspace they need is told by the `..._cuda_workspace` function.
 *    In a library built without CUDA they return CD_UNSUPPORTED.
 */
#ifndef CROSSDISTILL_H
#define CROSSDISTILL_H

#include <stdint.h>

#if defined(_WIN32)
#define CD_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define CD_EXPORT __attribute__((visibility("default")))
#else
#define CD_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Rises with every change that is not binary compatible, and with functions that an older library
 * lacks. */
enum { CD_ABI_VERSION = 6 };

enum cd_status {
  CD_OK = 0,
  CD_INVALID_ARGUMENT = 1,
  CD_UNSUPPORTED = 2,
  CD_OUT_OF_MEMORY = 3,
  CD_DEVICE_ERROR = 4,
  CD_INTERNAL_ERROR = 5
};

enum cd_dtype { CD_F64 = 0, CD_F32 = 1, CD_BF16 = 2, CD_F16 = 3 };

enum cd_isa {
  CD_ISA_PORTABLE = 0,
  CD_ISA_AVX2 = 1,
  CD_ISA_AVX512 = 2,
  CD_ISA_AVX512BF16 = 3, /* AVX-512 with products and conversions of bf16 */
  CD_ISA_AMX = 4         /* the same, and products of matrices of bf16 in tile registers */
};

enum cd_reduction { CD_MEAN = 0, CD_WEIGHTED_MEAN = 1, CD_SUM = 2 };

enum cd_distance {
  CD_DISTANCE_NORMALIZED = 0,
  CD_DISTANCE_SQUARED_NORMALIZED = 1,
  CD_DISTANCE_COSINE = 2,
  CD_DISTANCE_EUCLIDEAN = 3,
  CD_DISTANCE_SQUARED = 4
};

enum cd_classifier_kind {
  CD_CLASSIFIER_AAM = 0,
  CD_CLASSIFIER_AM = 1,
  CD_CLASSIFIER_NORMALIZED = 2,
  CD_CLASSIFIER_SOFTMAX = 3
};

enum cd_quality_mode {
  CD_QUALITY_DIFFERENCE = 0,
  CD_QUALITY_TEACHER = 1,
  CD_QUALITY_STUDENT = 2,
  CD_QUALITY_PRODUCT = 3,
  CD_QUALITY_NONE = 4
};

enum cd_similarity_kind { CD_SIMILARITY_PKT = 0, CD_SIMILARITY_SP = 1 };

/* What distillation does with the logit of a row's label y, on both sides. */
enum cd_target_logit {
  CD_TARGET_KEPT = 0,    /* softmax over all classes */
  CD_TARGET_ZERO = 1,    /* replaced by 0; softmax over all classes; gradient 0 */
  CD_TARGET_EXCLUDED = 2 /* softmax over the C - 1 others; gradient 0 */
};

/* Label of a row that counts for nothing: loss 0, gradients 0, not part of any mean. */
enum { CD_IGNORE_LABEL = -100 };

/* ---- library ------------------------------------------------------------------------------ */

/* CD_ABI_VERSION of the library, as opposed to the header's. */
CD_EXPORT int32_t cd_abi_version(void);

/* Version of the library, such as "0.1.0"; static. */
CD_EXPORT const char* cd_version(void);

/* Name of a status, such as "invalid argument"; static, never null. */
CD_EXPORT const char* cd_status_text(int32_t status);

/* One line about the calling thread's last failed call, "" if there was none. Valid until that
 * thread's next call. */
CD_EXPORT const char* cd_last_error(void);

/* Instruction set that the kernels run on. It is chosen once: the environment variable
 * CROSSDISTILL_ISA (portable, avx2, avx512, avx512bf16, amx) or else the fastest that this CPU has.
 * An unknown value, or a set that the CPU lacks, is CD_UNSUPPORTED here and in every kernel call.
 * Where a CPU has AMX, Linux is asked for leave to use its registers, once for the process. */
CD_EXPORT int32_t cd_active_isa(int32_t* isa);

/* 1 if the CPU and this build have the instruction set, otherwise 0. */
CD_EXPORT int32_t cd_isa_supported(int32_t isa);

/* "portable", "avx2", "avx512", "avx512bf16", "amx"; "unknown" otherwise; static. */
CD_EXPORT const char* cd_isa_name(int32_t isa);

/* Features of this CPU that matter here, such as "avx2 fma f16c"; static. */
CD_EXPORT const char* cd_cpu_features(void);

/* OpenMP threads that `threads = 0` stands for. */
CD_EXPORT int32_t cd_default_threads(void);

/* CUDA devices that this library can use; 0 with a reason in cd_last_error() if there is none. */
CD_EXPORT int32_t cd_cuda_device_count(void);

/* 1 if the library was built with CUDA, otherwise 0. */
CD_EXPORT int32_t cd_cuda_built(void);

/* The newest CUDA that the driver bears, 0 without a driver, and the CUDA that the library was
 * built with: 1000 * major + 10 * minor. CD_UNSUPPORTED in a library without CUDA. */
CD_EXPORT int32_t cd_cuda_versions(int32_t* driver, int32_t* built_with);

/* ---- K1: soft-margin feature loss ---------------------------------------------------------- */

/* Row loss l_i = max(0, d_i - margin), active only where d_i > margin; loss = sum_i w_i l_i / n
 * with n = B (mean), sum of w (weighted mean) or 1 (sum); 0 where B = 0 or the sum of w is 0.
 * d_i between the rows s, t (x^ = x/|x|, 0 for |x| < 1e-12, which also has gradient 0):
 * |s^ - t^|, |s^ - t^|^2, 1 - s^.t^, |s - t|, |s - t|^2. d = 0 has gradient 0.
 *
 * student, teacher     [B, D] of dtype
 * weights_or_null      [B] of A, >= 0 and finite; null = 1
 * margin               finite, >= 0, below the largest distance: 2, 4, 2, unbounded, unbounded
 * loss                 [1] of A
 * row_losses_or_null   [B] of A: l_i, unweighted
 * distances_or_null    [B] of A: d_i
 * grad_*_or_null       [B, D] of dtype, d loss / d student and d loss / d teacher
 * grad_weights_or_null [B] of A: l_i / n (mean, sum), (l_i - loss) / n (weighted mean)
 */
CD_EXPORT int32_t cd_feature_margin(int32_t dtype, int64_t rows, int64_t dim, const void* student,
                                    int64_t student_stride, const void* teacher,
                                    int64_t teacher_stride, const void* weights_or_null,
                                    int32_t distance, double margin, int32_t reduction,
                                    double grad_scale, void* loss, void* row_losses_or_null,
                                    void* distances_or_null, void* grad_student_or_null,
                                    int64_t grad_student_stride, void* grad_teacher_or_null,
                                    int64_t grad_teacher_stride, void* grad_weights_or_null,
                                    int32_t threads);

CD_EXPORT int32_t cd_feature_margin_cuda_workspace(int32_t dtype, int64_t rows, int64_t dim,
                                                   int64_t* bytes);

/* Weights are not inspected on the device: a negative or non-finite weight makes the loss NaN. */
CD_EXPORT int32_t cd_feature_margin_cuda(
    int32_t dtype, int64_t rows, int64_t dim, const void* student, int64_t student_stride,
    const void* teacher, int64_t teacher_stride, const void* weights_or_null, int32_t distance,
    double margin, int32_t reduction, double grad_scale, void* loss, void* row_losses_or_null,
    void* distances_or_null, void* grad_student_or_null, int64_t grad_student_stride,
    void* grad_teacher_or_null, int64_t grad_teacher_stride, void* grad_weights_or_null,
    void* workspace, int64_t workspace_bytes, void* stream);

/* ---- K2: quality-weighted margin classifier loss ------------------------------------------- */

/* Rows that share the classifier with other row sets. Inputs first, then outputs. */
typedef struct cd_row_set {
  int64_t rows;                   /* B >= 0 */
  const void* embeddings;         /* [B, D] of dtype */
  int64_t embeddings_stride;      /* elements, >= D */
  const int64_t* labels;          /* [B], 0 <= label < C or CD_IGNORE_LABEL */
  const void* weights_or_null;    /* [B] of A, >= 0 and finite; null = 1 */
  double grad_scale;              /* factor of this set's gradients, finite */
  void* loss;                     /* [1] of A */
  void* row_losses_or_null;       /* [B] of A, unweighted; 0 for ignored rows */
  uint8_t* hits_or_null;          /* [B]: 1 where the arg-max without margin is the label */
  void* grad_embeddings_or_null;  /* [B, D] of dtype */
  int64_t grad_embeddings_stride; /* elements, >= D */
  void* grad_weights_or_null;     /* [B] of A; 0 for ignored rows */
} cd_row_set;

/* Weights of the first row set's rows by the quality of both sides' embeddings, of which the first
 * pass over the rows has the norms: row_sets[0] holds the student's, row_sets[1] the teacher's, row
 * by row the same samples. With u_i what cd_quality_weights makes of the norms, rounded to A, of
 * all their rows, ignored or not, row i of row_sets[0] weighs weights_or_null[i] (offset + factor
 * u_i); its grad_weights are those by that product. Norms, their mean and deviation are finite, or
 * on the CPU an error, as is a sum of weights_or_null times offset + 4 factor that A does not hold.
 * What is not said here is as in cd_quality_weights. */
typedef struct cd_quality {
  int32_t mode;   /* a cd_quality_mode */
  int32_t update; /* whether the batch changes the statistics */
  double slope;
  double h;
  double alpha;
  double offset;      /* from 0 to 1e9 */
  double factor;      /* from 0 to 1e9 */
  double* statistics; /* [CD_QUALITY_STATISTICS], in and out */
  void* weights;      /* [B] of A: u_i, out */
} cd_quality;

/* For each row set: l_i = logsumexp_j(logit_ij) - logit_iy, loss = sum_i w_i l_i / n over the rows
 * that are not ignored; n = their number (mean), the sum of their w (weighted mean) or 1 (sum).
 * With cos_ij = z^_i . v^_j the logits are scale * cos_ij, but for the label y
 *  aam:        scale * cos(theta + margin), and where cos <= cos(pi - margin):
 *              scale * (cos - margin * sin(pi - margin)); with easy_margin only where cos > 0,
 *              otherwise scale * cos
 *  am:         scale * (cos - margin)
 *  normalized: scale * cos
 *  softmax:    z . V_y + bias_y, as all its logits (no normalisation, no scale, no margin).
 * A row or class vector shorter than 1e-12 normalises to 0 and has gradient 0.
 *
 * classifier                V [C, D] of dtype, C >= 1
 * bias_or_null              [C] of dtype; only with softmax
 * quality_or_null           null: rows weigh what their set says
 * scale                     > 0 and <= 1e9;  margin: finite, 0 <= margin < pi (aam), <= 2 (am)
 * grad_classifier_or_null   [C, D] of dtype: sum over the row sets of grad_scale * d loss / d V
 * grad_bias_or_null         [C] of dtype, likewise; only with softmax
 */
CD_EXPORT int32_t cd_margin_classifier(
    int32_t dtype, int64_t classes, int64_t dim, const void* classifier, int64_t classifier_stride,
    const void* bias_or_null, const cd_row_set* row_sets, int32_t row_set_count,
    const cd_quality* quality_or_null, int32_t kind, double scale, double margin,
    int32_t easy_margin, int32_t reduction, void* grad_classifier_or_null,
    int64_t grad_classifier_stride, void* grad_bias_or_null, int32_t threads);

CD_EXPORT int32_t cd_margin_classifier_cuda_workspace(int32_t dtype, int64_t classes, int64_t dim,
                                                      const cd_row_set* row_sets,
                                                      int32_t row_set_count, int64_t* bytes);

/* `row_sets` and the quality themselves lie in host memory, what they point to on the device.
 * Norms and statistics are not inspected, as in cd_quality_weights_cuda. Labels are not inspected
 * before the launch: a row with a label outside [0, C) other than CD_IGNORE_LABEL gets the loss
 * NaN (and so does its set) and embedding gradients 0, and *bad_row (device memory, int64_t) the
 * smallest such row, counted through all sets; -1 if none. A negative or non-finite weight makes
 * the loss NaN. */
CD_EXPORT int32_t cd_margin_classifier_cuda(
    int32_t dtype, int64_t classes, int64_t dim, const void* classifier, int64_t classifier_stride,
    const void* bias_or_null, const cd_row_set* row_sets, int32_t row_set_count,
    const cd_quality* quality_or_null, int32_t kind, double scale, double margin,
    int32_t easy_margin, int32_t reduction, void* grad_classifier_or_null,
    int64_t grad_classifier_stride, void* grad_bias_or_null, int64_t* bad_row, void* workspace,
    int64_t workspace_bytes, void* stream);

/* ---- K3: distillation on logits ------------------------------------------------------------- */

/* l_i = T^2 KL(p_i || q_i) with p, q the softmax of the teacher's and the student's logits over
 * the temperature T; loss = sum_i w_i l_i / n over the rows that are not ignored; n = their number
 * (mean), the sum of their w (weighted mean) or 1 (sum); 0 where n is 0. With one class left, l_i
 * is 0.
 *
 * student, teacher     [B, C] of dtype, C >= 1
 * labels_or_null       [B], 0 <= label < C or CD_IGNORE_LABEL; null: no row is ignored, which only
 *                      CD_TARGET_KEPT takes
 * weights_or_null      [B] of A, >= 0 and finite; null = 1
 * target               a cd_target_logit
 * temperature          from 1e-9 to 1e9; l_i is T^2 times a divergence, whose error is that of A:
 *                      about 1e-7 T^2 where A is float
 * loss                 [1] of A
 * row_losses_or_null   [B] of A: l_i, unweighted; 0 for ignored rows
 * grad_student_or_null [B, C] of dtype: w_i T (q - p) / n
 * grad_teacher_or_null [B, C] of dtype: w_i T p (log p - log q - KL) / n
 * grad_weights_or_null [B] of A: l_i / n (mean, sum), (l_i - loss) / n (weighted mean)
 */
CD_EXPORT int32_t cd_kd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                        int64_t student_stride, const void* teacher, int64_t teacher_stride,
                        const int64_t* labels_or_null, const void* weights_or_null, int32_t target,
                        double temperature, int32_t reduction, double grad_scale, void* loss,
                        void* row_losses_or_null, void* grad_student_or_null,
                        int64_t grad_student_stride, void* grad_teacher_or_null,
                        int64_t grad_teacher_stride, void* grad_weights_or_null, int32_t threads);

CD_EXPORT int32_t cd_kd_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                       int64_t* bytes);

/* Labels are not inspected before the launch: a row with a label outside [0, C) other than
 * CD_IGNORE_LABEL gets the loss NaN (and so does the call) and gradients 0, and *bad_row (device
 * memory, int64_t) the smallest such row; -1 if none. A negative or non-finite weight makes the
 * loss NaN. */
CD_EXPORT int32_t cd_kd_cuda(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                             int64_t student_stride, const void* teacher, int64_t teacher_stride,
                             const int64_t* labels_or_null, const void* weights_or_null,
                             int32_t target, double temperature, int32_t reduction,
                             double grad_scale, void* loss, void* row_losses_or_null,
                             void* grad_student_or_null, int64_t grad_student_stride,
                             void* grad_teacher_or_null, int64_t grad_teacher_stride,
                             void* grad_weights_or_null, int64_t* bad_row, void* workspace,
                             int64_t workspace_bytes, void* stream);

/* Decoupled distillation (Zhao et al., CVPR 2022): the divergence of the label's class y against
 * all others together, and that among the others, each with a weight of its own.
 *  l_i = T^2 (alpha KL(p' || q') + beta KL(p~ || q~))
 * with p, q the softmax of the teacher's and the student's logits over T, p' = (p_y, 1 - p_y), q'
 * likewise, and p~, q~ the same as p, q over the classes but y. alpha = 0, beta = 1 has the bits of
 * cd_kd with CD_TARGET_EXCLUDED where the label's logits are finite; where one is not, the row is
 * NaN. All else as in cd_kd.
 *
 * classes              C >= 2
 * labels               [B], 0 <= label < C or CD_IGNORE_LABEL
 * alpha, beta          from 0 to 1e9
 * grad_student_or_null [B, C] of dtype, w_i T / n times
 *                      alpha (q_y - p_y) at y, beta (q~ - p~) - alpha (q_y - p_y) q~ elsewhere
 * grad_teacher_or_null [B, C] of dtype, with u = log(p_y / (1 - p_y)) - log(q_y / (1 - q_y)) and
 *                      v = alpha p_y (1 - p_y) u, w_i T / n times
 *                      v at y, p~ (beta (log p~ - log q~ - KL(p~ || q~)) - v) elsewhere
 */
CD_EXPORT int32_t cd_dkd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                         int64_t student_stride, const void* teacher, int64_t teacher_stride,
                         const int64_t* labels, const void* weights_or_null, double alpha,
                         double beta, double temperature, int32_t reduction, double grad_scale,
                         void* loss, void* row_losses_or_null, void* grad_student_or_null,
                         int64_t grad_student_stride, void* grad_teacher_or_null,
                         int64_t grad_teacher_stride, void* grad_weights_or_null, int32_t threads);

CD_EXPORT int32_t cd_dkd_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                        int64_t* bytes);

/* Labels, weights and *bad_row as in cd_kd_cuda. */
CD_EXPORT int32_t cd_dkd_cuda(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                              int64_t student_stride, const void* teacher, int64_t teacher_stride,
                              const int64_t* labels, const void* weights_or_null, double alpha,
                              double beta, double temperature, int32_t reduction, double grad_scale,
                              void* loss, void* row_losses_or_null, void* grad_student_or_null,
                              int64_t grad_student_stride, void* grad_teacher_or_null,
                              int64_t grad_teacher_stride, void* grad_weights_or_null,
                              int64_t* bad_row, void* workspace, int64_t workspace_bytes,
                              void* stream);

/* Normalised distillation (Yang et al., ICCV 2023): cross-entropies, so that the least loss is not
 * 0. l_i = -p_y log q_y - gamma T^2 sum_(j != y) p~_j log q~_j with p, q the softmax of the
 * teacher's and the student's logits (not over T), and p~, q~ the softmax over T and over the
 * classes but the label's, y. All else as in cd_kd; CPU only.
 *
 * classes              C >= 2
 * labels               [B], 0 <= label < C or CD_IGNORE_LABEL
 * gamma                from 0 to 1e9
 * grad_student_or_null [B, C] of dtype, w_i / n times
 *                      p_y (q_y - 1) at y, p_y q_j + gamma T (q~ - p~) elsewhere
 * grad_teacher_or_null [B, C] of dtype, with v = -p_y (1 - p_y) log q_y, w_i / n times
 *                      v at y, p_y p_j log q_y - gamma T p~ (log q~ - sum p~ log q~) elsewhere
 */
CD_EXPORT int32_t cd_nkd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                         int64_t student_stride, const void* teacher, int64_t teacher_stride,
                         const int64_t* labels, const void* weights_or_null, double gamma,
                         double temperature, int32_t reduction, double grad_scale, void* loss,
                         void* row_losses_or_null, void* grad_student_or_null,
                         int64_t grad_student_stride, void* grad_teacher_or_null,
                         int64_t grad_teacher_stride, void* grad_weights_or_null, int32_t threads);

/* Distillation on standardised logits (Sun et al., CVPR 2024): cd_kd with CD_TARGET_KEPT of
 *  z' = (z - mean z) / (std z + 1e-7), std with C - 1, on both sides.
 * A row whose std is at most 1e-15 is constant: its std counts as that and has no gradient. All
 * else as in cd_kd; CPU only.
 *
 * classes              C >= 2
 * labels_or_null       [B], CD_IGNORE_LABEL or a class, whichever; null: no row is ignored
 * grad_student_or_null [B, C] of dtype: with g the gradient of cd_kd by z',
 *                      (g - mean g) / (std + 1e-7) - (z - mean z) c,
 *                      c = sum g (z - mean z) / ((C - 1) std (std + 1e-7)^2)
 * grad_teacher_or_null [B, C] of dtype: likewise
 */
CD_EXPORT int32_t cd_lskd(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                          int64_t student_stride, const void* teacher, int64_t teacher_stride,
                          const int64_t* labels_or_null, const void* weights_or_null,
                          double temperature, int32_t reduction, double grad_scale, void* loss,
                          void* row_losses_or_null, void* grad_student_or_null,
                          int64_t grad_student_stride, void* grad_teacher_or_null,
                          int64_t grad_teacher_stride, void* grad_weights_or_null, int32_t threads);

/* tau[i] = Kendall's tau-b of the rows a_i and b_i: how far they order the classes alike, from -1
 * to 1, ties counted exactly; NaN where a row is constant, holds a NaN or has one class.
 *
 * a, b         [B, C] of dtype, C >= 1
 * threshold    mask[i] = 1 where tau[i] > threshold, otherwise 0; not NaN
 * tau          [B] of A
 * mask_or_null [B]
 */
CD_EXPORT int32_t cd_kendall_tau(int32_t dtype, int64_t rows, int64_t classes, const void* a,
                                 int64_t a_stride, const void* b, int64_t b_stride,
                                 double threshold, void* tau, uint8_t* mask_or_null,
                                 int32_t threads);

CD_EXPORT int32_t cd_kendall_tau_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                                int64_t* bytes);

/* The counts are exact, and so tau has the bits that it has on a CPU; C < 2^31. */
CD_EXPORT int32_t cd_kendall_tau_cuda(int32_t dtype, int64_t rows, int64_t classes, const void* a,
                                      int64_t a_stride, const void* b, int64_t b_stride,
                                      double threshold, void* tau, uint8_t* mask_or_null,
                                      void* workspace, int64_t workspace_bytes, void* stream);

/* One matrix of logits and its gradient, both [B, C] of dtype. */
typedef struct cd_logits {
  const void* logits;
  int64_t stride; /* elements, >= C */
  void* grad_or_null;
  int64_t grad_stride; /* elements, >= C */
} cd_logits;

/* The loss of customised cross-modal distillation (Huo et al., CVPR 2024): a teacher t, a student
 * s and their proxies pt, ps teach each other. The target side of each divergence is a constant;
 * KL stands for T^2 KL of the softmaxes over T, KLn for the same with the target's logit replaced
 * or excluded, CE for the cross-entropy at temperature 1. Each is a mean over the rows that are
 * not ignored; m_i = 1 where Kendall's tau-b of pt_i and ps_i is above `threshold`, otherwise 0.
 *  terms: CE(t), CE(s), KL(t || pt), KL(pt || t), KL(s || ps), KL(ps || s), m KLn(pt || ps),
 *         m KLn(ps || pt);   loss = their sum
 *
 * networks    [4]: teacher, student, proxy teacher, proxy student
 * labels      [B], 0 <= label < C or CD_IGNORE_LABEL
 * target      CD_TARGET_ZERO or CD_TARGET_EXCLUDED
 * temperature from 1e-9 to 1e9
 * threshold   not NaN
 * loss        [1] of A
 * terms       [8] of A
 * tau_or_null [B] of A
 */
CD_EXPORT int32_t cd_c2kd(int32_t dtype, int64_t rows, int64_t classes, const cd_logits* networks,
                          const int64_t* labels, int32_t target, double temperature,
                          double threshold, double grad_scale, void* loss, void* terms,
                          void* tau_or_null, int32_t threads);

CD_EXPORT int32_t cd_c2kd_cuda_workspace(int32_t dtype, int64_t rows, int64_t classes,
                                         int64_t* bytes);

/* `networks` itself lies in host memory, what it points to on the device. Labels and *bad_row as
 * in cd_kd_cuda: a bad label makes the loss and all terms NaN. C < 2^31. */
CD_EXPORT int32_t cd_c2kd_cuda(int32_t dtype, int64_t rows, int64_t classes,
                               const cd_logits* networks, const int64_t* labels, int32_t target,
                               double temperature, double threshold, double grad_scale, void* loss,
                               void* terms, void* tau_or_null, int64_t* bad_row, void* workspace,
                               int64_t workspace_bytes, void* stream);

/* ---- K4: quality weights ------------------------------------------------------------------- */

/* norms[i] = |x_i| of the rows x [B, D] of dtype; norms [B] of A. */
CD_EXPORT int32_t cd_row_norms(int32_t dtype, int64_t rows, int64_t dim, const void* x,
                               int64_t stride, void* norms, int32_t threads);

/* Needs no workspace. */
CD_EXPORT int32_t cd_row_norms_cuda(int32_t dtype, int64_t rows, int64_t dim, const void* x,
                                    int64_t stride, void* norms, void* stream);

/* Standardises the qualities q of each modality with running statistics, which gives
 * Q = clip(h (q - mu) / (sigma + 1e-3), -1, 1), and turns them into weights; with k = slope
 *  difference: clip(1 + k (Q_t - Q_s), 0, 2)   teacher: clip(1 + k Q_t, 0, 2)
 *  student:    clip(1 + k Q_s, 0, 2)           product: clip((1 + k Q_t)(1 + k Q_s), 0, 4)
 *  none:       1
 * With update != 0 the statistics are updated before use: the first batch's mean and unbiased
 * standard deviation (0 for B = 1) set them, later ones mu += alpha (mean - mu) and the same for
 * sigma. B = 0 updates nothing. Without an update there must have been a batch before.
 *
 * quality_student, quality_teacher  [B] of dtype, finite, as are their mean and deviation
 * statistics                        [CD_QUALITY_STATISTICS] double, in and out: mu_s, sigma_s,
 *                                   mu_t, sigma_t, and 1 once they hold a batch, 0 before
 * weights                           [B] of A
 */
enum { CD_QUALITY_STATISTICS = 5 };

CD_EXPORT int32_t cd_quality_weights(int32_t dtype, int64_t rows, const void* quality_student,
                                     const void* quality_teacher, int32_t mode, double slope,
                                     double h, double alpha, int32_t update, double* statistics,
                                     void* weights);

/* Needs no workspace. Qualities and statistics (device memory) are not inspected: what is not
 * finite makes weights NaN, as do statistics that hold no batch without an update. A batch that is
 * not finite leaves the statistics alone. */
CD_EXPORT int32_t cd_quality_weights_cuda(int32_t dtype, int64_t rows, const void* quality_student,
                                          const void* quality_teacher, int32_t mode, double slope,
                                          double h, double alpha, int32_t update,
                                          double* statistics, void* weights, void* stream);

/* Both in one call: the norms of the rows are their qualities, and become weights as in
 * cd_quality_weights of dtype A's qualities. The results have the bits of the separate calls.
 *
 * student, teacher              [B, D_s] and [B, D_t] of dtype; their norms, as numbers of A, are
 *                               finite, as are mean and deviation of those; on an error of theirs
 *                               the norms have been written, statistics and weights have not
 * norms_student, norms_teacher  [B] of A
 * all others                    as in cd_quality_weights
 */
CD_EXPORT int32_t cd_embedding_weights(int32_t dtype, int64_t rows, int64_t student_dim,
                                       int64_t teacher_dim, const void* student,
                                       int64_t student_stride, const void* teacher,
                                       int64_t teacher_stride, int32_t mode, double slope, double h,
                                       double alpha, int32_t update, double* statistics,
                                       void* norms_student, void* norms_teacher, void* weights,
                                       int32_t threads);

/* One launch; needs no workspace. What is not inspected, and what becomes of it, is as in
 * cd_quality_weights_cuda. `ticket` (device memory) counts the blocks that have written their
 * norms: 0 before the first call, and 0 again after each. Calls that may run at the same time need
 * tickets of their own. */
CD_EXPORT int32_t cd_embedding_weights_cuda(
    int32_t dtype, int64_t rows, int64_t student_dim, int64_t teacher_dim, const void* student,
    int64_t student_stride, const void* teacher, int64_t teacher_stride, int32_t mode, double slope,
    double h, double alpha, int32_t update, double* statistics, void* norms_student,
    void* norms_teacher, void* weights, uint32_t* ticket, void* stream);

/* ---- K5: relations between samples ---------------------------------------------------------- */

/* Relational knowledge distillation (Park et al., CVPR 2019). With x_i the rows of one side,
 *  d_ij  = |x_i - x_j|, at least 1e-6 for i != j; their mean over i != j is m
 *  c_ijk = cosine of the angle at x_i between x_j and x_k; 0 where one is closer to x_i than 1e-12
 *  loss  = distance_weight / B^2 sum_ij h(d_ij / m) + angle_weight / B^3 sum_ijk h(c_ijk)
 * where h is Huber's function, x^2 / 2 up to |x| = 1 and |x| - 1/2 beyond, of the difference
 * between student and teacher. A distance that was raised to 1e-6 has no gradient. All is computed
 * in double, from the B^2 distances: a cosine has an error of about 1e-16 times the ratio of the
 * longer of its two sides to the shorter. Less than two rows: loss and gradients 0.
 *
 * rows            B, at most 65536: time grows with B^3, memory with 64 B^2 bytes
 * student         [B, student_dim] of dtype
 * teacher         [B, teacher_dim] of dtype
 * distance_weight, angle_weight  finite, >= 0
 * loss            [1] of A
 * grad_student_or_null, grad_teacher_or_null  as student, teacher
 */
CD_EXPORT int32_t cd_rkd(int32_t dtype, int64_t rows, int64_t student_dim, int64_t teacher_dim,
                         const void* student, int64_t student_stride, const void* teacher,
                         int64_t teacher_stride, double distance_weight, double angle_weight,
                         double grad_scale, void* loss, void* grad_student_or_null,
                         int64_t grad_student_stride, void* grad_teacher_or_null,
                         int64_t grad_teacher_stride, int32_t threads);

/* ---- K6: noise-contrastive estimation ------------------------------------------------------- */

/* Of contrastive representation distillation (Tian et al., ICLR 2020): each row g_i is to find its
 * own candidate o_i among others that were drawn from N samples, all rows from the same K. With
 * noise = m / N + 1e-7 and x_ij = exp(g_i.c_j / T) / Z
 *  loss = -1/B sum_i [log(x_io / (x_io + noise)) + sum_drawn log((m / N) / (x_ij + noise))]
 * computed with u_ij = g_i.c_j / T - log(Z noise), so that no exponential overflows, as
 *  loss = 1/B sum_i [sum_j n_ij softplus(u_ij) - u_io] + m log(1 + 1e-7 N / m); 0 for B = 0.
 *
 * rows, candidates, dim  B, K, D
 * embeddings             g [B, D] of dtype
 * memory                 c [K, D] of dtype
 * own                    o [B], 0 <= o < K
 * counts_or_null         n [B, K] of A: how often each candidate counts for each row, the own one
 *                        included; not inspected; null = 1
 * temperature            T, from 1e-9 to 1e9
 * normaliser             Z, > 0 and finite
 * negatives, samples     m, N >= 1
 * loss                   [1] of A
 * grad_embeddings_or_null [B, D] of dtype: 1 / (B T) (sum_j n_ij sigmoid(u_ij) c_j - c_o)
 */
CD_EXPORT int32_t cd_crd(int32_t dtype, int64_t rows, int64_t candidates, int64_t dim,
                         const void* embeddings, int64_t embeddings_stride, const void* memory,
                         int64_t memory_stride, const int64_t* own, const void* counts_or_null,
                         int64_t counts_stride, double temperature, double normaliser,
                         int64_t negatives, int64_t samples, double grad_scale, void* loss,
                         void* grad_embeddings_or_null, int64_t grad_embeddings_stride,
                         int32_t threads);

/* ---- K7: similarities between samples ------------------------------------------------------- */

/* Losses on the B x B similarities of the rows x_i of one side, of student s and teacher t:
 *  PKT, probabilistic knowledge transfer (Passalis and Tefas, ECCV 2018):
 *   S_ij = (x^_i.x^_j + 1) / 2, P_ij = S_ij / sum_k S_ik, e = 1e-7
 *   loss = 1/B^2 sum_ij P^t_ij log((P^t_ij + e) / (P^s_ij + e))
 *  SP, similarity-preserving distillation (Tung and Mori, ICCV 2019):
 *   G_ij = x_i.x_j, N_ij = G_ij / |G_i|, loss = 1/B^2 sum_ij (N^s_ij - N^t_ij)^2
 * x^ = x / |x|. Rows x (PKT) or G_i (SP) shorter than 1e-12 become 0 and have no gradient as such.
 * B = 0: loss 0. B = 1: loss and gradients 0, but for rounding. Products of rows are summed in A,
 * all that is computed from them in double. SP scales each side by a power of two, so that no
 * product overflows where a row's length does not.
 *
 * kind         one of cd_similarity_kind
 * rows         B, at most 65536: memory grows with 2 B^2 numbers of A
 * student      [B, student_dim] of dtype
 * teacher      [B, teacher_dim] of dtype
 * loss         [1] of A
 * grad_student_or_null, grad_teacher_or_null  as student, teacher
 */
CD_EXPORT int32_t cd_similarity(int32_t dtype, int32_t kind, int64_t rows, int64_t student_dim,
                                int64_t teacher_dim, const void* student, int64_t student_stride,
                                const void* teacher, int64_t teacher_stride, double grad_scale,
                                void* loss, void* grad_student_or_null, int64_t grad_student_stride,
                                void* grad_teacher_or_null, int64_t grad_teacher_stride,
                                int32_t threads);

/* ---- K8: correlations of probabilities ------------------------------------------------------ */

/* Distillation from a stronger teacher (Huang et al., NeurIPS 2022). With q, p the softmax of the
 * student's and the teacher's logits over the temperature T, and r Pearson's correlation,
 *  loss = T^2 (beta (1 - mean_i r(q_i., p_i.)) + gamma (1 - mean_j r(q_.j, p_.j)))
 * over the rows i and the classes j. A length below 1e-8 in r's divisor counts as 1e-8, without
 * gradient: what is constant correlates with nothing. All is computed in double. 0 for B = 0.
 *
 * student, teacher  [B, C] of dtype, C >= 1
 * beta, gamma       finite, >= 0
 * temperature       from 1e-9 to 1e9
 * loss              [1] of A
 * grad_student_or_null, grad_teacher_or_null  [B, C] of dtype
 */
CD_EXPORT int32_t cd_dist(int32_t dtype, int64_t rows, int64_t classes, const void* student,
                          int64_t student_stride, const void* teacher, int64_t teacher_stride,
                          double beta, double gamma, double temperature, double grad_scale,
                          void* loss, void* grad_student_or_null, int64_t grad_student_stride,
                          void* grad_teacher_or_null, int64_t grad_teacher_stride, int32_t threads);

/* ---- limits of the machine ------------------------------------------------------------------ */

/* What the time of a kernel is held against: loops on the active instruction set whose work is cut
 * into tasks and dealt to threads like that of the kernels. The caller takes their time. */

/* Size of the last-level cache in bytes; 32 MiB where the system does not tell. */
CD_EXPORT int64_t cd_last_level_cache_bytes(void);

/* Kernels store past the caches where inputs and results together are larger than so many bytes:
 * the last-level cache, or 48 MiB where it is larger. */
CD_EXPORT int64_t cd_streaming_bytes(void);

/* c = a - b and d = b - a in f32, stored past the caches: moves 4 * bytes through memory.
 *
 * bytes        of each array, >= 0 and a multiple of 64
 * a, b, c, d   [bytes / 4] of f32; c and d on multiples of 64
 */
CD_EXPORT int32_t cd_roofline_stream(int64_t bytes, const void* a, const void* b, void* c, void* d,
                                     int32_t threads);

/* Fused multiply-adds that wait for nothing, in registers, on every thread. Products of CD_F16 are
 * those of CD_F32; so are those of CD_BF16 on the sets below avx512bf16. On amx those are products
 * in tile registers, in a sixteenth of the rounds.
 *
 * rounds       >= 0; 4000000 take some milliseconds
 * operations   [1]: additions and multiplications that were done
 */
CD_EXPORT int32_t cd_roofline_multiply_adds(int32_t dtype, int64_t rounds, int32_t threads,
                                            double* operations);

#ifdef __cplusplus
}
#endif

#endif /* CROSSDISTILL_H */

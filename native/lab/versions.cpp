#include "lab/lab.h"

namespace lab {

std::vector<Version<Feature>> feature_versions() { return {k1_naive, k1_warp, k1_packs, k1_kept}; }

std::vector<Version<Classifier>> classifier_versions() {
#if defined(CD_SIMULATED)  // which has no wgmma
  return {k2_naive, k2_tiled, k2_chunked, k2_mma_sync};
#else
  return {k2_naive, k2_tiled, k2_chunked, k2_mma_sync, k2_wgmma};
#endif
}

}  // namespace lab

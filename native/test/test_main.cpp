// Runs the tests on the instruction set that CROSSDISTILL_ISA names; exit code 77 (skipped) where
// this machine has not got it.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "crossdistill.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const char* wanted = std::getenv("CROSSDISTILL_ISA");
  for (int32_t isa = CD_ISA_PORTABLE; wanted != nullptr && isa <= CD_ISA_AMX; ++isa) {
    if (std::strcmp(wanted, cd_isa_name(isa)) == 0 && cd_isa_supported(isa) == 0) {
      std::printf("skipped: this machine has no %s (CPU: %s)\n", wanted, cd_cpu_features());
      return 77;
    }
  }
  return RUN_ALL_TESTS();
}

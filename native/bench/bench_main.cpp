// Names the machine in the output, then runs the benchmarks.
#include <benchmark/benchmark.h>

#include <string>

#include "crossdistill.h"

int main(int argc, char** argv) {
  int32_t isa = -1;
  if (cd_active_isa(&isa) != CD_OK) {
    fprintf(stderr, "%s\n", cd_last_error());
    return 1;
  }
  benchmark::AddCustomContext("crossdistill", cd_version());
  benchmark::AddCustomContext("isa", cd_isa_name(isa));
  benchmark::AddCustomContext("cpu_features", cd_cpu_features());
  benchmark::AddCustomContext("default_threads", std::to_string(cd_default_threads()));
  benchmark::AddCustomContext("last_level_cache_bytes",
                              std::to_string(cd_last_level_cache_bytes()));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

#include "core/isa.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/status.h"

#if defined(CD_WITH_X86_ISAS)
#include <cpuid.h>
#endif
#if defined(CD_WITH_AMX) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace cd {
namespace {

constexpr int32_t kIsaCount = 5;
const char* const kIsaNames[kIsaCount] = {"portable", "avx2", "avx512", "avx512bf16", "amx"};

#if defined(CD_WITH_X86_ISAS)
// Compilers came late to know these names.
bool has_amx() {
  constexpr uint32_t kFeatures = 7, kTile = 1u << 24, kBf16 = 1u << 22;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(kFeatures, 0, &a, &b, &c, &d) == 1 && (d & kTile) != 0 &&
         (d & kBf16) != 0;
}
#endif

#if defined(CD_WITH_AMX) && defined(__linux__)
// Linux saves the 8 KiB of tile registers only for processes that have asked for it.
[[maybe_unused]] bool may_use_amx() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XTILEDATA
  static const bool granted =
      has_amx() && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
}
#else
[[maybe_unused]] bool may_use_amx() { return false; }
#endif

bool supported(int32_t isa) {
  if (isa == CD_ISA_PORTABLE) return true;
#if defined(CD_WITH_X86_ISAS)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  if (isa == CD_ISA_AVX2) return avx2;
#if defined(CD_EMULATE_AVX512)
  if (isa >= CD_ISA_AVX512 && isa <= CD_ISA_AMX) return avx2;
#else
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  if (isa == CD_ISA_AVX512) return avx512;
  const bool avx512bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  if (isa == CD_ISA_AVX512BF16) return avx512bf16;
  if (isa == CD_ISA_AMX) return avx512bf16 && may_use_amx();
#endif
#endif
  return false;
}

// On the Intel CPU that was measured, vectors of bf16 are multiplied at half the speed of floats
// (docs/kernels.md, K2).
bool has_slow_bf16() {
#if defined(CD_WITH_X86_ISAS)
  return __builtin_cpu_is("intel") != 0;
#else
  return false;
#endif
}

int32_t best_isa() {
  int32_t isa = kIsaCount - 1;
  while (!supported(isa) || (isa == CD_ISA_AVX512BF16 && has_slow_bf16())) --isa;
  return isa;
}

struct Choice {
  int32_t isa;  // -1: none
  char error[160];
};

Choice choose() {
  Choice choice = {-1, ""};
  const char* wanted = std::getenv("CROSSDISTILL_ISA");
  if (wanted == nullptr || wanted[0] == '\0') {
    choice.isa = best_isa();
    return choice;
  }
  for (int32_t isa = 0; isa < kIsaCount; ++isa) {
    if (std::strcmp(wanted, kIsaNames[isa]) != 0) continue;
    if (supported(isa)) {
      choice.isa = isa;
    } else {
      std::snprintf(choice.error, sizeof choice.error,
                    "CROSSDISTILL_ISA: this CPU, system or build has no %s (CPU: %s)", wanted,
                    cd_cpu_features());
    }
    return choice;
  }
  std::snprintf(
      choice.error, sizeof choice.error,
      "CROSSDISTILL_ISA: expected portable, avx2, avx512, avx512bf16 or amx, got \"%.40s\"",
      wanted);
  return choice;
}

struct CpuFeatures {
  char text[128] = "";

  CpuFeatures() {
#if defined(CD_WITH_X86_ISAS)
    __builtin_cpu_init();
#define CD_ADD_FEATURE(name) \
  if (__builtin_cpu_supports(name)) add(name)
    CD_ADD_FEATURE("avx2");
    CD_ADD_FEATURE("fma");
    CD_ADD_FEATURE("f16c");
    CD_ADD_FEATURE("avx512f");
    CD_ADD_FEATURE("avx512bw");
    CD_ADD_FEATURE("avx512dq");
    CD_ADD_FEATURE("avx512vl");
    CD_ADD_FEATURE("avx512bf16");
#undef CD_ADD_FEATURE
    if (has_amx()) add("amx-tile amx-bf16");
#endif
    if (text[0] == '\0') add("baseline");
  }

  void add(const char* name) {
    if (text[0] != '\0') std::strcat(text, " ");
    std::strcat(text, name);
  }
};

}  // namespace

int32_t active_isa() {
  static const Choice choice = choose();
  if (choice.isa < 0) fail(CD_UNSUPPORTED, "%s", choice.error);
  return choice.isa;
}

int64_t active_vector_bytes() {
  constexpr int64_t kBytes[kIsaCount] = {16, 32, 64, 64, 64};
  return kBytes[active_isa()];
}

}  // namespace cd

extern "C" {

int32_t cd_active_isa(int32_t* isa) {
  return cd::guarded([&] {
    if (isa == nullptr) cd::fail(CD_INVALID_ARGUMENT, "isa: expected a pointer, got null");
    *isa = cd::active_isa();
  });
}

int32_t cd_isa_supported(int32_t isa) { return cd::supported(isa) ? 1 : 0; }

const char* cd_isa_name(int32_t isa) {
  return isa >= 0 && isa < cd::kIsaCount ? cd::kIsaNames[isa] : "unknown";
}

const char* cd_cpu_features(void) {
  static const cd::CpuFeatures features;
  return features.text;
}

}  // extern "C"

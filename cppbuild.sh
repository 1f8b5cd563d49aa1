#!/usr/bin/env bash
# Builds and checks the native library; the only entry to CMake.
#   bash cppbuild.sh [install]     release library -> native/build/install
#   bash cppbuild.sh test          native tests on every instruction set of this machine
#   bash cppbuild.sh sanitize      native tests under the address, undefined and thread sanitizers
#   bash cppbuild.sh cuda-matrix   CUDA kernels for every architecture, held against native/cuda_budget.txt
#   bash cppbuild.sh bench         native benchmarks -> native/build/bench/bench
#   bash cppbuild.sh format        formats the native sources; format-check only looks
# Environment: CROSSDISTILL_CUDA=auto|on|off, CXX, JOBS (default 2), PLATFORM (checked against the
# host; such as linux-x86_64).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly native=native
readonly build=native/build
readonly cuda="${CROSSDISTILL_CUDA:-auto}"

say() { echo "cppbuild: $*"; }

# One line with the packages that bring a tool: Debian, Fedora, macOS.
packages() { echo "(Debian: apt install $1; Fedora: dnf install $2; macOS: $3)"; }

need_tools() {
  local compiler="${CXX:-c++}"
  if ! command -v cmake >/dev/null; then
    say "CMake is missing $(packages cmake cmake 'brew install cmake')" >&2
    exit 3
  fi
  if ! command -v "$compiler" >/dev/null; then
    say "the C++ compiler '$compiler' is missing $(packages g++ gcc-c++ 'xcode-select --install')" >&2
    exit 3
  fi
}

check_platform() {
  local system machine
  case "$(uname -s)" in Linux) system=linux ;; Darwin) system=macosx ;; *) system=windows ;; esac
  case "$(uname -m)" in x86_64 | amd64) machine=x86_64 ;; aarch64 | arm64) machine=arm64 ;; *) machine="$(uname -m)" ;; esac
  local host="$system-$machine"
  if [[ -n "${PLATFORM:-}" && "$PLATFORM" != "$host" ]]; then
    say "PLATFORM=$PLATFORM differs from this host ($host); cross-building is not supported" >&2
    exit 3
  fi
}

# configure FOLDER OPTIONS...: CMake's own chatter only where it fails.
configure() {
  local folder="$1" generator=()
  shift
  command -v ninja >/dev/null && generator=(-G Ninja)
  mkdir -p "$folder"
  if ! cmake -S "$native" -B "$folder" "${generator[@]}" -DCROSSDISTILL_CUDA="$cuda" "$@" >"$folder/configure.log" 2>&1; then
    cat "$folder/configure.log" >&2
    exit 1
  fi
  grep -hoE '(CUDA kernels|No OpenMP).*' "$folder/configure.log" | sed 's/^/cppbuild: /' || true
}

compile() { cmake --build "$1" --parallel "${JOBS:-2}" "${@:2}"; }

build_release() {
  configure "$build/release" -DCMAKE_INSTALL_PREFIX="$PWD/$build/install" -DCMAKE_INSTALL_LIBDIR=lib
  compile "$build/release"
  cmake --install "$build/release" >/dev/null
  say "installed $build/install/lib"
}

# Whether CMake finds GoogleTest; says which package brings it where not.
have_googletest() {
  grep -q 'No GoogleTest' "$1/configure.log" || return 0
  say "GoogleTest is missing: the native tests are not run $(packages libgtest-dev gtest-devel 'brew install googletest')"
  return 1
}

# run_tests FOLDER LABEL: every test, and one line that counts them.
run_tests() {
  local log="$1/tests.log" status=0
  ctest --test-dir "$1" --output-on-failure --verbose >"$log" 2>&1 || status=$?
  grep -E '^ *[0-9]+/[0-9]+ Test' "$log" || true
  if ((status != 0)); then
    grep -E 'Failure|FAILED|ERROR|WARNING: ThreadSanitizer|runtime error|Expected|Which is|trace:|Actual' "$log" |
      sed -E 's/^[0-9]+: //' | head -60
  fi
  local passed failed skipped
  passed="$(grep -cE '^[0-9]+: \[       OK \]' "$log" || true)"
  failed="$(grep -cE '^[0-9]+: \[  FAILED  \] .*\([0-9]+ ms\)' "$log" || true)"
  skipped="$(grep -cE '^[0-9]+: \[  SKIPPED \] .*\([0-9]+ ms\)' "$log" || true)"
  local sets
  sets="$(grep -oE 'Test +#[0-9]+: (portable|avx2|avx512|avx512bf16|amx|avx512-emulated|avx512bf16-emulated|amx-emulated|cuda-simulated|cuda-device) \.+ +Passed' "$log" |
    awk '{ print $3 }' | paste -sd, -)"
  summary="$2: $passed passed, $failed failed, $skipped skipped on ${sets:-no instruction set}"
  return "$status"
}

native_tests() {
  # One architecture: the tests need a library with CUDA, GPUs make their own code of its PTX.
  configure "$build/test" -DCROSSDISTILL_TESTS=ON \
    -DCROSSDISTILL_CUDA_ARCHITECTURES="${CROSSDISTILL_CUDA_ARCHITECTURES:-80}"
  have_googletest "$build/test" || return 0
  compile "$build/test"
  local status=0
  run_tests "$build/test" "native tests" || status=$?
  say "$summary"
  return "$status"
}

sanitize() {
  local kind status=0 lines=()
  for kind in address,undefined thread; do
    local folder="$build/sanitize-${kind%%,*}"
    # Without nvcc, which knows no sanitizers; the CUDA kernels run on the simulator.
    configure "$folder" -DCROSSDISTILL_TESTS=ON -DCROSSDISTILL_SANITIZE="$kind" \
      -DCROSSDISTILL_CUDA=off -DCMAKE_BUILD_TYPE=RelWithDebInfo
    have_googletest "$folder" || return 0
    compile "$folder"
    run_tests "$folder" "native tests, $kind sanitizer" || status=$?
    lines+=("$summary")
  done
  for kind in "${lines[@]}"; do say "$kind"; done
  return "$status"
}

cuda_matrix() {
  if ! command -v nvcc >/dev/null; then
    say "nvcc, the CUDA compiler, is missing $(packages nvidia-cuda-toolkit cuda-toolkit 'not available')" >&2
    exit 3
  fi
  bash "$native/cuda_matrix.sh" "$PWD/$build/cuda-matrix"
}

bench() {
  configure "$build/bench" -DCROSSDISTILL_BENCH=ON
  compile "$build/bench"
  say "benchmarks are in $build/bench/bench"
}

format() {
  if ! command -v clang-format >/dev/null; then
    say "clang-format is missing: the format of the native sources is not checked $(packages clang-format clang-tools-extra 'brew install clang-format')"
    return 0
  fi
  local sources
  mapfile -t sources < <(find "$native" -path "$build" -prune -o -type f \
    \( -name '*.cpp' -o -name '*.h' -o -name '*.c' -o -name '*.cu' -o -name '*.cuh' \) -print | sort)
  clang-format "$@" "${sources[@]}"
  say "${#sources[@]} native sources formatted"
}

case "${1:-install}" in
  format) format -i ;;
  format-check) format --dry-run --Werror ;;
  install | test | sanitize | bench | cuda-matrix)
    need_tools
    check_platform
    case "${1:-install}" in
      install) build_release ;;
      test) native_tests ;;
      sanitize) sanitize ;;
      bench) bench ;;
      cuda-matrix) cuda_matrix ;;
    esac
    ;;
  *)
    say "unknown command '$1'; expected install, test, sanitize, cuda-matrix, bench, format or format-check" >&2
    exit 2
    ;;
esac

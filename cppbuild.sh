#!/usr/bin/env bash
# Builds and checks the native library; the only entry to CMake.
#   bash cppbuild.sh [install]     release library -> native/build/install
#   bash cppbuild.sh test          native tests on every instruction set of this machine
#   bash cppbuild.sh sanitize      native tests under the address, undefined and thread sanitizers
#   bash cppbuild.sh bench         native benchmarks -> native/build/bench/bin
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

need_tools
check_platform
case "${1:-install}" in
  install) build_release ;;
  *)
    say "unknown command '$1'; expected install, test, sanitize, bench, format or format-check" >&2
    exit 2
    ;;
esac

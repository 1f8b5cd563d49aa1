#!/usr/bin/env bash
# Compiles the CUDA sources for every architecture, warnings as errors, and holds what ptxas says of each
# kernel against cuda_budget.txt: cuda_matrix.sh FOLDER [ARCHITECTURE...]
# Prints, per kernel, the most registers and shared memory over its instances and all architectures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

folder="${1:?usage: cuda_matrix.sh FOLDER [ARCHITECTURE...]}"
shift
architectures=("${@:-80 86 89 90 100 120}")
read -ra architectures <<<"${architectures[*]}"
codes="$(printf ',sm_%s' "${architectures[@]}")"
mkdir -p "$folder"

flags=(-std=c++17 -O3 -Iinclude -I. -Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Werror)

# As the library is built: one front half for the oldest architecture, a back half for each.
for source in kernels/*.cu lab/k*.cu; do
  log="$folder/$(basename "$source").log"
  if ! nvcc "${flags[@]}" -gencode="arch=compute_${architectures[0]},code=[${codes:1}]" \
    -Xptxas=-v -c "$source" -o "$folder/object.o" 2>"$log"; then
    grep -v 'ptxas info' "$log" >&2
    echo "cuda-matrix: $source does not compile" >&2
    exit 1
  fi
done
# wgmma, which exists for one architecture alone; its products must not wait for each other.
for source in lab/*wgmma*.cu; do
  log="$folder/$(basename "$source" .cu)-90a.cu.log"
  if ! nvcc "${flags[@]}" -gencode=arch=compute_90a,code=sm_90a -Xptxas=-v -c "$source" \
    -o "$folder/object.o" 2>"$log" || grep -q 'wgmma.*serialized' "$log"; then
    grep -v 'ptxas info  *: [UFC0-9]' "$log" >&2
    echo "cuda-matrix: $source is not as it should be for sm_90a" >&2
    exit 1
  fi
done
# The front half of the newest, too, so that nothing is hidden behind the oldest.
newest="${architectures[${#architectures[@]} - 1]}"
for source in kernels/*.cu lab/k*.cu; do
  nvcc "${flags[@]}" -arch="compute_$newest" -ptx "$source" -o "$folder/newest.ptx"
done

# One line for each kernel and architecture: name, architecture, registers, shared, stack, spills.
cat "$folder"/*.cu.log | awk '
  /Compiling entry function/ { split($0, part, "\047"); name = part[2]; architecture = part[4] }
  /bytes stack frame/ { stack = $1; spills = $5 + $9 }
  /Used [0-9]+ registers/ {
    shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0
    match($0, /Used [0-9]+/)
    print name, architecture, substr($0, RSTART + 5, RLENGTH - 5), shared, stack, spills
  }' | c++filt >"$folder/usage.txt"

awk '
  NR == FNR { if ($0 !~ /^#/ && NF) { registers[$1] = $2; shared[$1] = $3 }; next }
  {
    spills = $NF; stack = $(NF - 1); s = $(NF - 2); r = $(NF - 3); architecture = $(NF - 4)
    name = $0
    sub(/^void /, "", name); gsub(/\(anonymous namespace\)::|cd::cuda::/, "", name)
    sub(/[<(].*/, "", name)
    if (name ~ /^lab::/) {  # to be read more than run: no budget, but no spills either
      if (spills > 0) { printf "cuda-matrix: %s for %s: %d bytes spilled (0)\n", name, architecture, spills; bad = 1 }
      next
    }
    if (!(name in registers)) { print "cuda-matrix: no budget for " name; bad = 1; next }
    if (r > most_r[name]) { most_r[name] = r; on[name] = architecture }
    if (s > most_s[name]) most_s[name] = s
    if (stack > most_stack[name]) most_stack[name] = stack
    ++count[name]
    if (r > registers[name] || s > shared[name] || spills > 0) {
      printf "cuda-matrix: %s for %s: %d registers (at most %d), %d bytes shared (%d), %d bytes spilled (0)\n", \
        name, architecture, r, registers[name], s, shared[name], spills
      bad = 1
    }
  }
  END {
    printf "%-28s %9s %8s %9s %8s %6s  %s\n", "kernel", "compiled", "registers", "of", "shared", "stack", "most on"
    for (name in registers) {
      if (!(name in count)) { print "cuda-matrix: the budget names a kernel that is not there: " name; bad = 1; continue }
      printf "%-28s %9d %8d %9d %8d %6d  %s\n", name, count[name], most_r[name], registers[name], most_s[name], most_stack[name], on[name] | "sort"
    }
    close("sort")
    exit bad
  }' cuda_budget.txt "$folder/usage.txt"

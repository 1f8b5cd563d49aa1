// K2, version 5: the tensor cores of Hopper (wgmma, sm_90a). Four warps together multiply 64 x 128
// x 16 with one instruction, which reads both operands out of shared memory by itself and runs on
// while the warps go on: no registers and no ldmatrix for operands, and a tile of 128 x 128 where
// version 4 has 64 x 64. Copies come two steps ahead, a product is waited for one step later.
//
// wgmma wants its operands in lines of 128 bytes along the depth, 16-byte pieces of a line swapped
// by its number (the 128-byte swizzle). Its transposed operands are left out here: both gradients
// take turned copies of their operands, and the slopes are written in both orders.
//
// Compiled for sm_90a only; elsewhere missing() tells so, and the simulator on the host, which has
// no wgmma, does without this version: it compiles, and was never run.
#include "core/cuda_util.cuh"
#include "lab/halves.cuh"

namespace lab {
namespace {

constexpr int kTile = 128, kDepth = 64, kStages = 4;
constexpr int kLineBytes = 2 * kDepth;
constexpr int kOperandBytes = kTile * kLineBytes;
constexpr int kSwizzleBytes = 8 * kLineBytes;  // after which the pattern of swaps repeats itself
constexpr int64_t kSharedBytes = kStages * 2 * kOperandBytes + kSwizzleBytes;
constexpr int kGroup = 128;  // threads that multiply together

// Of a thread of a product 64 x 128: sums[4 n + 2 half + k] is row + 8 half, column + 8 n + k.
using Sums = float[64];

// Lines of an operand, `pitch` elements apart; those past the end repeat the last.
struct Side {
  const Half* at;
  int64_t lines, pitch;
};

// What tells wgmma where an operand's 8-line blocks lie: address / 16 in bits 0 to 13; the distance
// from block to block / 16 in bits 32 to 45; the 128-byte swizzle, 1 in bits 62 and 63. (Bits 16 to
// 29 are not looked at under that swizzle; 1 by convention.)
__device__ inline uint64_t describe(uint32_t address) {
  return uint64_t{(address & 0x3ffffu) >> 4} | uint64_t{1} << 16 |
         uint64_t{kSwizzleBytes >> 4} << 32 | uint64_t{1} << 62;
}

#define LAB_EIGHT(d, n)                                                                       \
  "+f"(d[n]), "+f"(d[n + 1]), "+f"(d[n + 2]), "+f"(d[n + 3]), "+f"(d[n + 4]), "+f"(d[n + 5]), \
      "+f"(d[n + 6]), "+f"(d[n + 7])

// Starts sums += a b, 16 deep; all threads of the group together.
__device__ inline void start_product(Sums& sums, uint64_t a, uint64_t b) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  // Behind b: add to the sums; neither operand negated; neither transposed.
  asm volatile(
      "{.reg .pred adds; setp.ne.b32 adds, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
      "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
      "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"
      "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"
      "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}, "
      "%64, %65, adds, 1, 1, 0, 0;}"
      : LAB_EIGHT(sums, 0), LAB_EIGHT(sums, 8), LAB_EIGHT(sums, 16), LAB_EIGHT(sums, 24),
        LAB_EIGHT(sums, 32), LAB_EIGHT(sums, 40), LAB_EIGHT(sums, 48), LAB_EIGHT(sums, 56)
      : "l"(a), "l"(b), "r"(1));
#else
  __trap();  // see missing()
#endif
}

// The compiler knows nothing of products on their way: it may not move what it does to the sums
// past this.
__device__ inline void hold(Sums& sums) {
#pragma unroll
  for (float& sum : sums) asm volatile("" : "+f"(sum)::"memory");
}

// Before the first product: the registers of the sums have been written.
__device__ inline void open_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}

// The products started since the last call become one group.
__device__ inline void close_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}

// Until at most kGroups groups are not done.
template <int kGroups>
__device__ inline void wait_for_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kGroups) : "memory");
#endif
}

// What this thread has copied into shared memory may be read by wgmma, which does so on another way
// than loads (the "async proxy"); a barrier must follow.
__device__ inline void show_copies() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

__device__ inline void stage(const Side& from, int64_t first_line, int64_t depth, char* to) {
  const int thread = static_cast<int>(threadIdx.x), piece = thread % 8;
#pragma unroll
  for (int line = thread / 8; line < kTile; line += kBlock / 8) {
    const int64_t wanted = first_line + line;
    const int64_t there = wanted < from.lines ? wanted : from.lines - 1;
    __pipeline_memcpy_async(to + line * kLineBytes + (piece ^ (line % 8)) * 16,
                            from.at + there * from.pitch + depth + piece * 8, 16);
  }
}

// sums = the group's half of the tile a b^T at (row, column), `depth` deep.
__device__ inline void multiply_tile(const Side& a, const Side& b, int64_t row, int64_t column,
                                     int64_t depth, Sums& sums) {
  CD_DYNAMIC_SHARED(memory);
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(memory));
  const uint32_t past = (kSwizzleBytes - address % kSwizzleBytes) % kSwizzleBytes;
  char* const shared = reinterpret_cast<char*>(memory) + past;
  const uint32_t half = threadIdx.x / kGroup * (kOperandBytes / 2);
  const auto copy = [&](int64_t step) {
    if (step * kDepth < depth) {
      char* to = shared + step % kStages * 2 * kOperandBytes;
      stage(a, row, step * kDepth, to);
      stage(b, column, step * kDepth, to + kOperandBytes);
    }
    __pipeline_commit();
  };
#pragma unroll
  for (float& sum : sums) sum = 0;
  hold(sums);
  copy(0);
  copy(1);
  for (int64_t step = 0; step * kDepth < depth; ++step) {
    __pipeline_wait_prior(1);
    show_copies();
    // This step is there. All have waited for the product of the step before the last, so that its
    // stage is free.
    __syncthreads();
    copy(step + 2);
    const auto stage_at = static_cast<uint32_t>(step % kStages * 2 * kOperandBytes);
    const uint32_t left = address + past + stage_at + half;
    const uint32_t right = address + past + stage_at + kOperandBytes;
    open_products();
#pragma unroll
    for (int k = 0; k < kLineBytes; k += 32) {
      start_product(sums, describe(left + k), describe(right + k));
    }
    close_products();
    wait_for_products<1>();
  }
  wait_for_products<0>();
  hold(sums);
}

// Where this thread's numbers lie in the tile.
struct Place {
  int64_t row, column;

  __device__ explicit Place(int64_t row_tiles) {
    const int thread = static_cast<int>(threadIdx.x), lane = thread % kWarp;
    row = int64_t{blockIdx.x} % row_tiles * kTile + thread / kWarp * 16 + lane / 4;
    column = int64_t{blockIdx.x} / row_tiles * kTile + lane % 4 * 2;
  }
};

// A tile's first row and column.
__device__ inline int64_t tile_row(int64_t row_tiles) {
  return int64_t{blockIdx.x} % row_tiles * kTile;
}
__device__ inline int64_t tile_column(int64_t row_tiles) {
  return int64_t{blockIdx.x} / row_tiles * kTile;
}

__global__ void __launch_bounds__(kBlock)
    running(Classifier p, HalfMemory memory, int64_t row_tiles) {
  Sums sums;
  multiply_tile({memory.z, p.rows, p.dim}, {memory.v, p.classes, p.dim}, tile_row(row_tiles),
                tile_column(row_tiles), p.dim, sums);
  const Place at(row_tiles);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int64_t i = at.row + 8 * half;
    const int64_t label = i < p.rows ? p.labels[i] : -1;
    Running all = {-INFINITY, 0};
#pragma unroll
    for (int n = 0; n < 32; ++n) {
      const int64_t j = at.column + n / 2 * 8 + n % 2;
      const float logit = p.scale * sums[n / 2 * 4 + half * 2 + n % 2];
      if (j < p.classes) all = merge(all, {logit, 1});
      if (j == label) memory.targets[i] = logit;
    }
    all = merged_by_lanes(all);
    if (threadIdx.x % 4 == 0 && i < p.rows) {
      memory.parts[i * memory.parts_of_row + at.column / kTile] = all;
    }
  }
}

// The logits of a chunk once more, as their gradients, in both orders.
__global__ void __launch_bounds__(kBlock)
    chunk_slopes(Classifier p, HalfMemory memory, int64_t row_tiles, int64_t first, int64_t count) {
  Sums sums;
  multiply_tile({memory.z, p.rows, p.dim}, {memory.v + first * p.dim, count, p.dim},
                tile_row(row_tiles), tile_column(row_tiles), p.dim, sums);
  const Place at(row_tiles);
#pragma unroll
  for (int n = 0; n < 64; ++n) {
    const int64_t i = at.row + n / 2 % 2 * 8, j = at.column + n / 4 * 8 + n % 2;
    if (i >= p.rows || j >= count) continue;
    const Half slope = __float2bfloat16_rn(
        slope_of(p, p.scale * sums[n], memory.log_sums[i], first + j == p.labels[i]));
    memory.slopes[i * count + j] = slope;
    memory.slopes_turned[j * p.rows + i] = slope;
  }
}

// c [m, n] = a b^T, or += it.
__global__ void __launch_bounds__(kBlock)
    products(Side a, Side b, int64_t row_tiles, int64_t depth, float* c, bool adds) {
  Sums sums;
  multiply_tile(a, b, tile_row(row_tiles), tile_column(row_tiles), depth, sums);
  const Place at(row_tiles);
#pragma unroll
  for (int n = 0; n < 64; ++n) {
    const int64_t i = at.row + n / 2 % 2 * 8, j = at.column + n / 4 * 8 + n % 2;
    if (i >= a.lines || j >= b.lines) continue;
    float& out = c[i * b.lines + j];
    out = sums[n] + (adds ? out : 0);
  }
}

int64_t tiles_of(int64_t lines) { return ceil_divide(lines, kTile); }

int64_t extra_bytes(const Classifier& p) {
  int64_t bytes;
  divide(p, tiles_of(p.classes), true, nullptr, &bytes);
  return bytes;
}

template <class... Parameters, class... Arguments>
void launch_tiles(const char* name, int64_t tiles, cudaStream_t stream,
                  void (*kernel)(Parameters...), Arguments... arguments) {
  cd::cuda::check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                       cudaFuncAttributeMaxDynamicSharedMemorySize,
                                       static_cast<int>(kSharedBytes)),
                  name);
  launch<kBlock>(name, {tiles, kSharedBytes}, stream, kernel, arguments...);
}

void run(const Classifier& p, void* extra, cudaStream_t stream) {
  int64_t bytes;
  const HalfMemory memory = divide(p, tiles_of(p.classes), true, extra, &bytes);
  launch_halves(p, memory, stream);
  const int64_t row_tiles = tiles_of(p.rows), column_tiles = tiles_of(p.dim);
  launch_tiles("k2 running", row_tiles * tiles_of(p.classes), stream, running, p, memory,
               row_tiles);
  launch_losses(p, memory, stream);
  for (int64_t first = 0; first < p.classes; first += kChunk) {
    const int64_t count = std::min(p.classes - first, kChunk), class_tiles = tiles_of(count);
    launch_tiles("k2 slopes", row_tiles * class_tiles, stream, chunk_slopes, p, memory, row_tiles,
                 first, count);
    launch_tiles(
        "k2 rows", row_tiles * column_tiles, stream, products, Side{memory.slopes, p.rows, count},
        Side{memory.v_turned + first, p.dim, p.classes}, row_tiles, count, p.grad_z, first != 0);
    launch_tiles("k2 classes", class_tiles * column_tiles, stream, products,
                 Side{memory.slopes_turned, count, p.rows}, Side{memory.z_turned, p.dim, p.rows},
                 class_tiles, p.rows, p.grad_v + first * p.dim, false);
  }
}

// Other devices, and builds without sm_90a, have compiled the kernels from another architecture.
const char* missing() {
  cudaFuncAttributes attributes = {};
  const cudaError_t error =
      cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(products));
  if (error == cudaSuccess && attributes.ptxVersion == 90) return nullptr;
  cudaGetLastError();  // clears it
  return "not available: needs a device of compute capability 9.0 and a build with sm_90a";
}

}  // namespace

const Version<Classifier> k2_wgmma = {
    "5 wgmma", "four warps a product, operands from shared memory", 1e-2, extra_bytes, run,
    missing};

}  // namespace lab

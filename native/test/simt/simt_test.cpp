// The simulator itself: barriers, exchanges, and the mistakes that it must find.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "cuda_pipeline.h"
#include "cuda_runtime.h"

namespace {

constexpr int kThreads = 96;
constexpr int kBlocks = 5;

template <class Kernel, class... Arguments>
cudaError_t start(Kernel kernel, int blocks, int threads, Arguments... arguments) {
  cudaLaunchConfig_t config;
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

struct Sums {
  double value[kThreads];
};

__global__ void reverse_sums(double* out) {
  CD_SHARED(Sums, sums);
  sums.value[threadIdx.x] = threadIdx.x + 100.0 * blockIdx.x;
  __syncthreads();
  double sum = 0;
  for (int i = 0; i < kThreads; ++i) sum += sums.value[i];
  __syncthreads();
  sums.value[threadIdx.x] = sum + threadIdx.x;
  __syncthreads();
  out[blockIdx.x * kThreads + threadIdx.x] = sums.value[kThreads - 1 - threadIdx.x];
}

class InEitherOrder : public testing::TestWithParam<simt::Order> {
 protected:
  void SetUp() override { simt::set_order(GetParam()); }
  void TearDown() override { simt::set_order(simt::Order::kForward); }
};

TEST_P(InEitherOrder, barriersSeparateWritesFromReads) {
  std::vector<double> out(kBlocks * kThreads);
  ASSERT_EQ(start(reverse_sums, kBlocks, kThreads, out.data()), cudaSuccess);
  for (int b = 0; b < kBlocks; ++b) {
    const double sum = kThreads * (kThreads - 1) / 2 + 100.0 * b * kThreads;
    for (int i = 0; i < kThreads; ++i) EXPECT_EQ(out[b * kThreads + i], sum + kThreads - 1 - i);
  }
}

__global__ void exchanges(int* xored, int* segments, unsigned* ballots) {
  int sum = static_cast<int>(threadIdx.x);
  for (int mask = 16; mask > 0; mask /= 2) sum += __shfl_xor_sync(~0u, sum, mask);
  xored[threadIdx.x] = sum;
  segments[threadIdx.x] = __shfl_sync(~0u, static_cast<int>(threadIdx.x), 3, 8);
  ballots[threadIdx.x] = __ballot_sync(~0u, threadIdx.x % 3 == 0);
}

TEST_P(InEitherOrder, lanesExchangeValues) {
  std::vector<int> xored(kThreads), segments(kThreads);
  std::vector<unsigned> ballots(kThreads);
  ASSERT_EQ(start(exchanges, 1, kThreads, xored.data(), segments.data(), ballots.data()),
            cudaSuccess);
  for (int i = 0; i < kThreads; ++i) {
    const int first = i / 32 * 32;
    unsigned ballot = 0;
    for (int lane = 0; lane < 32; ++lane) ballot |= unsigned{(first + lane) % 3 == 0} << lane;
    EXPECT_EQ(xored[i], 32 * first + 31 * 16);
    EXPECT_EQ(segments[i], i / 8 * 8 + 3);
    EXPECT_EQ(ballots[i], ballot);
  }
}

struct Flag {
  bool value;
};

// The block that comes last adds up what all have written.
__global__ void last_block_sums(double* parts, unsigned* ticket, double* out) {
  CD_SHARED(Flag, last);
  parts[blockIdx.x * blockDim.x + threadIdx.x] = threadIdx.x;
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last.value = atomicInc(ticket, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last.value || threadIdx.x > 0) return;
  for (unsigned i = 0; i < gridDim.x * blockDim.x; ++i) *out += parts[i];
}

TEST_P(InEitherOrder, theTicketTellsTheLastBlockAndIsZeroAgain) {
  std::vector<double> parts(kBlocks * kThreads);
  double sum = 0;
  unsigned ticket = 0;
  for (int launch = 1; launch <= 2; ++launch) {
    ASSERT_EQ(start(last_block_sums, kBlocks, kThreads, parts.data(), &ticket, &sum), cudaSuccess);
    EXPECT_EQ(sum, launch * kBlocks * kThreads * (kThreads - 1) / 2);
    EXPECT_EQ(ticket, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, InEitherOrder,
                         testing::Values(simt::Order::kForward, simt::Order::kBackward));

__global__ void misses_a_barrier(int* out) {
  if (threadIdx.x == 7) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

TEST(Simulator, aMissedBarrierFailsTheLaunch) {
  std::vector<int> out(kThreads);
  EXPECT_EQ(start(misses_a_barrier, 1, kThreads, out.data()), cudaErrorLaunchFailure);
  EXPECT_STREQ(simt::last_failure(),
               "block 0: 95 threads wait at a block barrier and 0 at a warp barrier, 1 returned");
  EXPECT_EQ(start(reverse_sums, 0, kThreads, static_cast<double*>(nullptr)),
            cudaErrorLaunchFailure);
  EXPECT_EQ(start(reverse_sums, 1, 33, static_cast<double*>(nullptr)), cudaErrorLaunchFailure);
}

__global__ void reads_before_writing(double* out) {
  CD_SHARED(Sums, sums);
  const double before = sums.value[threadIdx.x];
  sums.value[threadIdx.x] = 1;
  if (threadIdx.x == 0) out[blockIdx.x] = before;
}

TEST(Simulator, sharedMemoryOfEachBlockStartsAsNan) {
  std::vector<double> out(2);
  ASSERT_EQ(start(reads_before_writing, 2, 32, out.data()), cudaSuccess);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_TRUE(std::isnan(out[1]));
}

__global__ void copies(const double* in, double* out, bool waits) {
  CD_DYNAMIC_SHARED(memory);
  double* shared = static_cast<double*>(memory);
  __pipeline_memcpy_async(shared + threadIdx.x, in + threadIdx.x, sizeof(double));
  __pipeline_commit();
  if (waits) __pipeline_wait_prior(0);
  __syncthreads();
  out[threadIdx.x] = shared[threadIdx.x ^ 1];
  __syncthreads();
  __pipeline_wait_prior(0);
}

TEST(Simulator, aCopyIsThereOnceItWasWaitedFor) {
  std::vector<double> in(kThreads), out(kThreads);
  for (int i = 0; i < kThreads; ++i) in[i] = i;
  cudaLaunchConfig_t config;
  config.blockDim = dim3(kThreads);
  config.dynamicSmemBytes = kThreads * sizeof(double);
  ASSERT_EQ(cudaLaunchKernelEx(&config, copies, in.data(), out.data(), true), cudaSuccess);
  for (int i = 0; i < kThreads; ++i) EXPECT_EQ(out[i], i ^ 1);
  ASSERT_EQ(cudaLaunchKernelEx(&config, copies, in.data(), out.data(), false), cudaSuccess);
  for (int i = 0; i < kThreads; ++i) EXPECT_TRUE(std::isnan(out[i]));
  config.dynamicSmemBytes = 1 << 20;
  EXPECT_EQ(cudaLaunchKernelEx(&config, copies, in.data(), out.data(), true),
            cudaErrorLaunchFailure);
}

struct Word {
  int value;
};

__global__ void races(int* out) {
  CD_SHARED(Word, word);
  word.value = static_cast<int>(threadIdx.x);
  __syncwarp();
  if (threadIdx.x == 0) out[0] = word.value;
}

TEST(Simulator, aRaceChangesTheResultWithTheOrder) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer reports the race";
#endif
  int forward = 0, backward = 0;
  ASSERT_EQ(start(races, 1, 64, &forward), cudaSuccess);
  simt::set_order(simt::Order::kBackward);
  ASSERT_EQ(start(races, 1, 64, &backward), cudaSuccess);
  simt::set_order(simt::Order::kForward);
  EXPECT_NE(forward, backward);
}

TEST(Types, everyBinary16SurvivesTheRoundTrip) {
  for (unsigned bits = 0; bits < 0x10000u; ++bits) {
    const __half value = {static_cast<uint16_t>(bits)};
    const float wide = __half2float(value);
    if (std::isnan(wide)) continue;
    ASSERT_EQ(__float2half_rn(wide).bits, bits);
  }
}

TEST(Types, binary16RoundsToNearestEven) {
  EXPECT_EQ(__float2half_rn(1.0f + 0x1p-11f).bits, 0x3c00);
  EXPECT_EQ(__float2half_rn(1.0f + 0x3p-11f).bits, 0x3c02);
  EXPECT_EQ(__float2half_rn(65519.0f).bits, 0x7bff);
  EXPECT_EQ(__float2half_rn(65520.0f).bits, 0x7c00);
  EXPECT_EQ(__float2half_rn(0x1p-25f).bits, 0);
  EXPECT_EQ(__float2half_rn(0x1.8p-25f).bits, 1);
}

TEST(Types, bfloat16RoundsToNearestEven) {
  EXPECT_EQ(__float2bfloat16_rn(1.0f + 0x1p-8f).bits, 0x3f80);
  EXPECT_EQ(__float2bfloat16_rn(1.0f + 0x3p-8f).bits, 0x3f82);
  EXPECT_EQ(__bfloat162float(__nv_bfloat16{0x3f80}), 1.0f);
}

}  // namespace

/**
 * What Java sees of the kernels: the cost of a call, and each loss against its composition of
 * LibTorch operators in the same run. {@code benchmarks/run} is the way to start it.
 */
package org.crossdistill.benchmarks;

/**
 * Times kernels beside what the machine can do at best and beside the composition of LibTorch
 * operations that computes the same, all in one run: the ratios hold where times do not.
 */
package org.crossdistill.bench;

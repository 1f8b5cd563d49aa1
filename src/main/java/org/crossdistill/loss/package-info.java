/**
 * Losses on LibTorch tensors. Each computes its value and its gradients in one call, on the native
 * kernels or on a composition of LibTorch operations, and can also be a node of an autograd graph.
 */
package org.crossdistill.loss;

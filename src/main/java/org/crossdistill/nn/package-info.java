/**
 * Networks on LibTorch tensors: a thin {@link org.crossdistill.nn.Module} with named parameters and
 * the backbones and heads built from it. No losses, no data, no training.
 */
package org.crossdistill.nn;

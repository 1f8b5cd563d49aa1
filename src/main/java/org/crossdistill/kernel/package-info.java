/**
 * The native library: loading it, its status codes as exceptions, and its functions on raw
 * pointers, sizes and strides. Knows neither LibTorch nor gradients beyond what the C functions
 * return.
 */
package org.crossdistill.kernel;

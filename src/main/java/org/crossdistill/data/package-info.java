/**
 * Data sets, splits, pictures, texts and files.
 *
 * <p>Nothing here knows LibTorch: pictures and texts end as {@code float[]} rows in C order, labels
 * as {@code int[]}, files as {@link org.crossdistill.data.Safetensors}. All randomness comes from
 * {@link org.crossdistill.data.Seeds}, so that the same seed gives the same bits.
 */
package org.crossdistill.data;

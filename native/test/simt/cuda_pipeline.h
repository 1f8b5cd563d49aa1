// Asynchronous copies into shared memory, with the names of CUDA's header.
#pragma once

#include "simt.h"

inline void __pipeline_memcpy_async(void* to, const void* from, size_t bytes) {
  simt::copy_later(to, from, bytes);
}
inline void __pipeline_commit() { simt::commit_copies(); }
inline void __pipeline_wait_prior(size_t groups) { simt::wait_for_copies(groups); }

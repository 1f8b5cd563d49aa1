// Errors inside the library: thrown by `fail`, turned into a status at the C boundary by `guarded`.
#pragma once

#include <cstdint>

#include "crossdistill.h"

namespace cd {

// Throws an error with one line of text; the C function then returns `status`.
[[noreturn]] void fail(int32_t status, const char* format, ...)
    __attribute__((format(printf, 2, 3)));

// Status of the exception that is being handled; keeps its text for cd_last_error().
int32_t status_of_current_exception() noexcept;

template <class Body>
int32_t guarded(const Body& body) noexcept {
  try {
    body();
    return CD_OK;
  } catch (...) {
    return status_of_current_exception();
  }
}

}  // namespace cd

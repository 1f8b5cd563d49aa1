#include "core/status.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

namespace cd {
namespace {

constexpr size_t kTextSize = 512;

thread_local char last_error[kTextSize] = "";

struct Error {
  int32_t status;
  char text[kTextSize];
};

void keep(const char* text) noexcept { std::snprintf(last_error, kTextSize, "%s", text); }

}  // namespace

void fail(int32_t status, const char* format, ...) {
  Error error;
  error.status = status;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(error.text, kTextSize, format, arguments);
  va_end(arguments);
  throw error;
}

int32_t status_of_current_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    keep(error.text);
    return error.status;
  } catch (const std::bad_alloc&) {
    keep("out of memory: the kernel's working memory could not be allocated");
    return CD_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    keep(error.what());
    return CD_INTERNAL_ERROR;
  } catch (...) {
    keep("unknown exception");
    return CD_INTERNAL_ERROR;
  }
}

}  // namespace cd

extern "C" {

int32_t cd_abi_version(void) { return CD_ABI_VERSION; }

const char* cd_version(void) { return CD_VERSION; }

const char* cd_status_text(int32_t status) {
  switch (status) {
    case CD_OK:
      return "ok";
    case CD_INVALID_ARGUMENT:
      return "invalid argument";
    case CD_UNSUPPORTED:
      return "unsupported";
    case CD_OUT_OF_MEMORY:
      return "out of memory";
    case CD_DEVICE_ERROR:
      return "device error";
    case CD_INTERNAL_ERROR:
      return "internal error";
    default:
      return "unknown status";
  }
}

const char* cd_last_error(void) { return cd::last_error; }

}  // extern "C"

#include "lab/cublas_lt.h"

#include <dlfcn.h>

namespace lab {
namespace {

// Whether the library has a function of that name; `function` is it.
template <class Function>
bool found(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool load(const char* name, CublasLt& lt) {
  void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  return library != nullptr && found(library, "cublasLtCreate", lt.create) &&
         found(library, "cublasLtMatmulDescCreate", lt.desc_create) &&
         found(library, "cublasLtMatmulDescSetAttribute", lt.desc_set_attribute) &&
         found(library, "cublasLtMatmulDescDestroy", lt.desc_destroy) &&
         found(library, "cublasLtMatrixLayoutCreate", lt.layout_create) &&
         found(library, "cublasLtMatrixLayoutDestroy", lt.layout_destroy) &&
         found(library, "cublasLtMatmul", lt.matmul) &&
         found(library, "cublasLtGetStatusString", lt.get_status_string) &&
         lt.create(&lt.handle) == 0;
}

}  // namespace

const CublasLt* cublas_lt() {
  static CublasLt lt;
  static const bool loaded = load("libcublasLt.so.13", lt) || load("libcublasLt.so.12", lt);
  return loaded ? &lt : nullptr;
}

}  // namespace lab

# The CUDA side of the library: *.cu of kernels/ and core/ where a CUDA compiler is there, stubs
# otherwise. Sets cuda_sources_found and the targets cuda_objects and cuda_runtime.
set(cuda_sources_found OFF)
file(GLOB cuda_kernels CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.cu
  ${CMAKE_CURRENT_SOURCE_DIR}/core/*.cu)

if(CROSSDISTILL_CUDA STREQUAL "off")
  message(STATUS "CUDA kernels: skipped (CROSSDISTILL_CUDA=off).")
elseif(NOT cuda_kernels)
  message(STATUS "CUDA kernels: none in this source tree.")
else()
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(cuda_sources_found ON)
  elseif(CROSSDISTILL_CUDA STREQUAL "on")
    message(FATAL_ERROR "CROSSDISTILL_CUDA=on, but no CUDA compiler (nvcc) was found.")
  else()
    message(STATUS "CUDA kernels: skipped, no CUDA compiler (nvcc) was found.")
  endif()
endif()

if(cuda_sources_found)
  # One pass of the compiler's front half for all: the sources need nothing beyond the oldest, and the
  # back half makes each device's own code. Devices newer than all of these compile the PTX.
  set(CROSSDISTILL_CUDA_ARCHITECTURES 80 86 89 90 100 120 CACHE STRING "devices to compile for")
  list(GET CROSSDISTILL_CUDA_ARCHITECTURES 0 oldest)
  list(TRANSFORM CROSSDISTILL_CUDA_ARCHITECTURES PREPEND sm_ OUTPUT_VARIABLE cuda_devices)
  list(JOIN cuda_devices "," cuda_devices)
  set(CMAKE_CUDA_ARCHITECTURES OFF)
  set(CMAKE_CUDA_STANDARD 17)
  set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  file(GLOB cuda_core CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/core/cuda_*.cpp)
  list(FILTER cuda_core EXCLUDE REGEX "/cuda_stub\\.cpp$")
  add_library(cuda_objects OBJECT ${cuda_kernels} ${cuda_core})
  target_include_directories(cuda_objects SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  target_compile_options(cuda_objects PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:
    -gencode=arch=compute_${oldest},code=[${cuda_devices},compute_${oldest}]
    -Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Werror>)
  add_library(cuda_runtime INTERFACE)
  target_include_directories(cuda_runtime SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(cuda_runtime INTERFACE CUDA::cudart_static)
  message(STATUS "CUDA kernels: built for ${CROSSDISTILL_CUDA_ARCHITECTURES} by ${CMAKE_CUDA_COMPILER}.")
else()
  add_library(cuda_objects OBJECT ${CMAKE_CURRENT_SOURCE_DIR}/core/cuda_stub.cpp)
endif()
target_link_libraries(cuda_objects PRIVATE crossdistill_flags)

// Switching between stacks: x86-64 (System V) and AArch64. The calling thread's registers that a
// function must keep go onto its own stack.
#pragma once

#include <cstdint>

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "the CUDA simulator switches stacks on x86-64 and AArch64 only"
#endif

extern "C" void simt_switch_stack(void** from, void* to) __asm__("simt_switch_stack");

#if defined(__x86_64__)
__asm__(R"(
.text
.globl simt_switch_stack
simt_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
#else
__asm__(R"(
.text
.globl simt_switch_stack
simt_switch_stack:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
)");
#endif

namespace simt {

// Stack pointer of a fresh stack on which simt_switch_stack enters `function`, which never returns.
inline void* prepare_stack(char* stack, size_t bytes, void (*function)()) {
  const uintptr_t top = (reinterpret_cast<uintptr_t>(stack) + bytes) & ~uintptr_t{15};
  void** words = reinterpret_cast<void**>(top);
#if defined(__x86_64__)
  // After `ret` the stack must be 8 below a multiple of 16, as after a call.
  words -= 2;
  *words = reinterpret_cast<void*>(function);
  for (int i = 0; i < 6; ++i) *--words = nullptr;
#else
  words -= 20;
  for (int i = 0; i < 20; ++i) words[i] = nullptr;
  words[11] = reinterpret_cast<void*>(function);  // x30
#endif
  return words;
}

}  // namespace simt

#!/usr/bin/env bash
# Objects of one instruction set define no weak symbol outside their own namespace: the linker keeps
# one copy of such a symbol, and an older CPU could be given the AVX-512 one. isa_objects.sh OBJECT...
set -euo pipefail
foreign="$(for object in "$@"; do nm --defined-only -C "$object"; done | grep -E ' [WVu] ' |
  grep -vE ' (typeinfo |vtable )?(for )?cd::(avx2|avx512|avx512bf16|amx)::| DW\.ref\.' || true)"
if [[ -n "$foreign" ]]; then
  echo "weak symbols shared between instruction sets:"
  echo "$foreign"
  exit 1
fi
echo "$# objects checked"

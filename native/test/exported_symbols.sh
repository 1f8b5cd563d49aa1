#!/usr/bin/env bash
# The library exports exactly the functions that the header declares: exported_symbols.sh LIB HEADER
set -euo pipefail
exported="$(nm -D --defined-only "$1" | awk '{ print $3 }' | sort)"
declared="$(grep -v '^ \*' "$2" | tr '\n' ' ' | grep -oE 'CD_EXPORT [a-z0-9_ *]*cd_[a-z0-9_]+\(' |
  grep -oE 'cd_[a-z0-9_]+' | sort)"
if [[ "$exported" != "$declared" ]]; then
  echo "exported symbols (<) differ from the header's functions (>):"
  diff <(echo "$exported") <(echo "$declared")
  exit 1
fi
echo "$(echo "$exported" | wc -l) functions exported, all declared"

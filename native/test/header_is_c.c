/* The header compiles as C99, twice in one source, and its library answers a C caller. */
#include "crossdistill.h"
/* Again. */
#include <stdio.h>
#include <string.h>

#include "crossdistill.h"

int main(void) {
  const float x[6] = {3, 4, 0, 0, 6, 8};
  float norms[3] = {-1, -1, -1};
  if (cd_abi_version() != CD_ABI_VERSION) {
    printf("ABI version: header %d, library %d\n", (int)CD_ABI_VERSION, (int)cd_abi_version());
    return 1;
  }
  if (cd_row_norms(CD_F32, 3, 2, x, 2, norms, 0) != CD_OK) {
    printf("cd_row_norms: %s\n", cd_last_error());
    return 1;
  }
  if (norms[0] != 5 || norms[1] != 0 || norms[2] != 10) {
    printf("norms: expected 5 0 10, got %g %g %g\n", norms[0], norms[1], norms[2]);
    return 1;
  }
  if (cd_row_norms(7, 3, 2, x, 2, norms, 0) != CD_INVALID_ARGUMENT ||
      strstr(cd_last_error(), "dtype") == NULL) {
    printf("dtype 7: expected an error that names dtype, got \"%s\"\n", cd_last_error());
    return 1;
  }
  return 0;
}

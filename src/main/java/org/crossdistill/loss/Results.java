package org.crossdistill.loss;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;

/**
 * A scope for temporaries whose kept results go to the scope around it, as LibTorch's own results
 * do: they live until the caller's innermost {@link PointerScope} closes or, without one, as long
 * as they are reachable.
 */
final class Results implements AutoCloseable {

  private final PointerScope outer = PointerScope.getInnerScope();
  private final PointerScope temporaries = new PointerScope();

  /** Hands an object that was made in here to the caller; null stays null. */
  <P extends Pointer> P keep(P result) {
    if (result != null) {
      result.retainReference();
      if (outer != null) {
        outer.attach(result);
        result.releaseReference();
      }
    }
    return result;
  }

  @Override
  public void close() {
    temporaries.close();
  }
}

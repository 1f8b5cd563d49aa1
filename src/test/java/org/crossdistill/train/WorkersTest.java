package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.crossdistill.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkersTest {

  @Test
  void resultsComeInTheOrderOfTheTasks() {
    CountDownLatch second = new CountDownLatch(1);
    List<Supplier<Integer>> tasks = new ArrayList<>();
    tasks.add(
        () -> {
          await(second);
          return 1;
        });
    tasks.add(
        () -> {
          second.countDown();
          return 2;
        });
    assertThat(new Workers(2, () -> false).run(tasks)).containsExactly(1, 2);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theFirstFailureEndsAllAndIsTheOneThatIsTold() {
    Workers workers = new Workers(2, () -> false);
    CountDownLatch running = new CountDownLatch(1);
    AtomicInteger begun = new AtomicInteger();
    List<Supplier<Integer>> tasks = new ArrayList<>();
    tasks.add(
        () -> {
          running.countDown();
          while (!workers.getAsBoolean()) {
            Thread.onSpinWait();
          }
          throw new StoppedException("stopped");
        });
    tasks.add(
        () -> {
          await(running);
          throw new DataException("no room");
        });
    for (int i = 0; i < 10; i++) {
      tasks.add(
          () -> {
            if (workers.getAsBoolean()) {
              throw new StoppedException("not begun");
            }
            return begun.incrementAndGet();
          });
    }
    assertThatThrownBy(() -> workers.run(tasks)).isInstanceOf(DataException.class);
    assertThat(begun).hasValue(0);
  }

  @Test
  void aRequestToStopReachesEveryTask() {
    Workers workers = new Workers(1, () -> true);
    Supplier<Integer> task =
        () -> {
          assertThat(workers.getAsBoolean()).isTrue();
          throw new StoppedException("as asked");
        };
    assertThatThrownBy(() -> workers.run(List.of(task))).hasMessage("as asked");
  }
}

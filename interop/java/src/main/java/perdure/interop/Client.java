package perdure.interop;

import com.microsoft.durabletask.DurableTaskClient;
import com.microsoft.durabletask.DurableTaskGrpcClientBuilder;
import io.grpc.ManagedChannel;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The client: runs every scenario that this SDK's client and the worker behind the prefix both have. */
final class Client {
  private static final long SCENARIO_SECONDS = 60;

  private Client() {}

  static int run(ManagedChannel channel, String prefix, String other) throws InterruptedException {
    DurableTaskClient client = new DurableTaskGrpcClientBuilder().grpcChannel(channel).build();
    ExecutorService executor = Executors.newCachedThreadPool();
    int passed = 0;
    int failed = 0;
    for (Scenarios.Scenario scenario : Scenarios.all()) {
      Checks checks = new Checks(client, prefix, other, scenario.name());
      if (scenario.needs() != null && !checks.workerHas(scenario.needs())) {
        continue;
      }
      String reason = reasonOfFailure(executor, () -> {
        scenario.body().run(checks);
        return null;
      });
      if (reason == null) {
        System.out.println("PASS " + scenario.name());
        passed++;
      } else {
        System.out.println("FAIL " + scenario.name() + ": " + reason.replaceAll("\\s+", " "));
        failed++;
      }
    }
    System.out.println("DONE " + passed + " passed, " + failed + " failed");
    executor.shutdownNow();
    return failed == 0 ? 0 : 1;
  }

  private static String reasonOfFailure(ExecutorService executor, Callable<Void> body) throws InterruptedException {
    Future<Void> running = executor.submit(body);
    try {
      running.get(SCENARIO_SECONDS, TimeUnit.SECONDS);
      return null;
    } catch (TimeoutException timeout) {
      running.cancel(true);
      return "the scenario took too long";
    } catch (ExecutionException error) {
      Throwable cause = error.getCause();
      return cause instanceof AssertionError ? cause.getMessage() : cause.toString();
    }
  }
}

package perdure.interop;

import com.microsoft.durabletask.DurableTaskGrpcWorker;
import com.microsoft.durabletask.DurableTaskGrpcWorkerBuilder;
import com.microsoft.durabletask.TaskActivity;
import com.microsoft.durabletask.TaskActivityFactory;
import com.microsoft.durabletask.TaskOrchestration;
import com.microsoft.durabletask.TaskOrchestrationFactory;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.io.IOException;

/** The worker: registers everything, and says READY when it has asked for work. */
final class Worker {
  private Worker() {}

  static void run(ManagedChannel channel) throws InterruptedException, IOException {
    Functions functions = new Functions();
    Filters filters = new Filters(functions.orchestrators.keySet(), functions.activities.keySet());
    DurableTaskGrpcWorkerBuilder builder = new DurableTaskGrpcWorkerBuilder();
    builder.grpcChannel(ClientInterceptors.intercept(channel, filters));
    functions.activities.forEach((name, activity) -> builder.addActivity(factory(name, activity)));
    functions.orchestrators.forEach((name, run) -> builder.addOrchestration(factory(name, run)));

    DurableTaskGrpcWorker worker = builder.build();
    worker.start();
    filters.asked.await();
    while (channel.getState(true) != ConnectivityState.READY) {
      Thread.sleep(20);
    }
    System.out.println("READY");
    while (System.in.read() != -1) {
      // Whatever is said, only its end counts.
    }
    // The SDK's own threads do not end with the worker.
    System.exit(0);
  }

  private static TaskActivityFactory factory(String name, TaskActivity activity) {
    return new TaskActivityFactory() {
      @Override
      public String getName() {
        return name;
      }

      @Override
      public TaskActivity create() {
        return activity;
      }
    };
  }

  private static TaskOrchestrationFactory factory(String name, TaskOrchestration orchestration) {
    return new TaskOrchestrationFactory() {
      @Override
      public String getName() {
        return name;
      }

      @Override
      public TaskOrchestration create() {
        return orchestration;
      }
    };
  }
}

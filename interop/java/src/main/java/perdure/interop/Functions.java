package perdure.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.durabletask.FailureDetails;
import com.microsoft.durabletask.RetryPolicy;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskActivity;
import com.microsoft.durabletask.TaskCanceledException;
import com.microsoft.durabletask.TaskFailedException;
import com.microsoft.durabletask.TaskOptions;
import com.microsoft.durabletask.TaskOrchestration;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Function;

/** The functions of the contract in ../README.md. */
final class Functions {
  private static final String PREFIX = "java_";
  private static final Duration RETRY_INTERVAL = Duration.ofMillis(50);

  final Map<String, TaskActivity> activities = new LinkedHashMap<>();
  final Map<String, TaskOrchestration> orchestrators = new LinkedHashMap<>();

  private final Map<String, Integer> attempts = new ConcurrentHashMap<>();

  Functions() {
    addActivities();
    addBasics();
    addChildren();
    addFailures();
  }

  private static String named(String name) {
    return PREFIX + name;
  }

  private <I> void activity(String name, Class<I> type, Function<I, Object> run) {
    activities.put(named(name), context -> run.apply(context.getInput(type)));
  }

  private <I> void orchestrator(String name, Class<I> type, BiFunction<TaskOrchestrationContext, I, Object> run) {
    orchestrators.put(named(name), context -> context.complete(run.apply(context, context.getInput(type))));
  }

  private static TaskOptions retry(int attempts) {
    return new TaskOptions(new RetryPolicy(attempts, RETRY_INTERVAL));
  }

  private static Map<String, Object> object(Object... keysAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      object.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return object;
  }

  private void addActivities() {
    activity("echo", JsonNode.class, value -> value);
    activity("greet", String.class, name -> "Hello, " + name + "!");
    activity("square", Long.class, number -> number * number);
    activity(
        "flaky",
        JsonNode.class,
        given -> {
          String key = given.get("key").asText();
          int attempt = attempts.merge(key, 1, Integer::sum);
          if (attempt <= given.get("failures").asInt()) {
            throw new InteropError("attempt " + attempt + " of " + key + " fails");
          }
          return attempt;
        });
    activity(
        "fail",
        String.class,
        message -> {
          throw new InteropError(message);
        });
  }

  private void addBasics() {
    orchestrator("sequence", String.class, Functions::sequence);
    orchestrator("fanout", Integer.class, Functions::fanout);
    orchestrator("timer", Long.class, Functions::timer);
    orchestrator(
        "events",
        JsonNode.class,
        (context, input) -> {
          JsonNode first = context.waitForExternalEvent("First", JsonNode.class).await();
          JsonNode second = context.waitForExternalEvent("Second", JsonNode.class).await();
          return List.of(first, second);
        });
    orchestrator("event_or_timeout", Long.class, Functions::eventOrTimeout);
    orchestrator(
        "echo_through",
        JsonNode.class,
        (context, value) -> context.callActivity(named("echo"), value, JsonNode.class).await());
    orchestrator(
        "hold",
        JsonNode.class,
        (context, input) -> {
          context.setCustomStatus("holding");
          return context.waitForExternalEvent("Release", JsonNode.class).await();
        });
    orchestrator(
        "status",
        JsonNode.class,
        (context, input) -> {
          context.setCustomStatus(object("step", 1));
          context.waitForExternalEvent("Next").await();
          context.setCustomStatus(object("step", 2, "note", "ünï"));
          return "done";
        });
    // These two end their generation without an output.
    orchestrators.put(named("continue"), Functions::continueAsNew);
    orchestrators.put(named("collect"), Functions::collect);
    orchestrator(
        "send",
        JsonNode.class,
        (context, given) -> {
          context.sendEvent(given.get("to").asText(), given.get("name").asText(), given.get("data"));
          return "sent";
        });
  }

  private static Object sequence(TaskOrchestrationContext context, String name) {
    List<String> greetings = new ArrayList<>();
    for (int step = 1; step <= 3; step++) {
      greetings.add(context.callActivity(named("greet"), name + step, String.class).await());
    }
    return greetings;
  }

  private static Object fanout(TaskOrchestrationContext context, int count) {
    List<Task<Long>> tasks = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      tasks.add(context.callActivity(named("square"), number, Long.class));
    }
    List<Long> squares = context.allOf(tasks).await();
    return object("sum", squares.stream().mapToLong(Long::longValue).sum(), "count", squares.size());
  }

  private static Object timer(TaskOrchestrationContext context, long delayMs) {
    Instant before = context.getCurrentInstant();
    context.createTimer(Duration.ofMillis(delayMs)).await();
    long passedMs = Duration.between(before, context.getCurrentInstant()).toMillis();
    return object("fired", true, "early", passedMs < delayMs);
  }

  private static Object eventOrTimeout(TaskOrchestrationContext context, long delayMs) {
    try {
      Duration timeout = Duration.ofMillis(delayMs);
      return "event " + context.waitForExternalEvent("Go", timeout, String.class).await();
    } catch (TaskCanceledException timeout) {
      return "timeout";
    }
  }

  private static void continueAsNew(TaskOrchestrationContext context) {
    JsonNode given = context.getInput(JsonNode.class);
    int left = given.get("left").asInt();
    long total = given.get("total").asLong();
    if (left == 0) {
      context.complete(total);
      return;
    }
    long square = context.callActivity(named("square"), left, Long.class).await();
    context.continueAsNew(object("left", left - 1, "total", total + square), false);
  }

  private static void collect(TaskOrchestrationContext context) {
    JsonNode given = context.getInput(JsonNode.class);
    int left = given.get("left").asInt();
    if (left == 0) {
      context.complete(given.get("seen"));
      return;
    }
    List<JsonNode> seen = new ArrayList<>();
    given.get("seen").forEach(seen::add);
    seen.add(context.waitForExternalEvent("Item", JsonNode.class).await());
    context.continueAsNew(object("left", left - 1, "seen", seen), true);
  }

  private void addChildren() {
    orchestrator(
        "parent",
        Integer.class,
        (context, count) -> {
          List<Task<Long>> tasks = new ArrayList<>();
          for (int number = 1; number <= count; number++) {
            String id = number % 2 == 1 ? context.getInstanceId() + "-child-" + number : null;
            tasks.add(context.callSubOrchestrator(named("child"), number, id, Long.class));
          }
          return context.allOf(tasks).await();
        });
    orchestrator(
        "child",
        Long.class,
        (context, number) -> context.callActivity(named("square"), number, Long.class).await() + 1);
    orchestrator(
        "tree",
        JsonNode.class,
        (context, given) -> {
          int depth = given.get("depth").asInt();
          if (depth == 0) {
            return context.waitForExternalEvent("Never", JsonNode.class).await();
          }
          String id = context.getInstanceId() + "-sub";
          return context.callSubOrchestrator(named("tree"), object("depth", depth - 1), id, JsonNode.class).await();
        });
    orchestrator(
        "relay",
        JsonNode.class,
        (context, given) -> {
          String activity = given.get("activity").asText();
          String orchestrator = given.get("orchestrator").asText();
          JsonNode result = context.callActivity(activity, given.get("activityInput"), JsonNode.class).await();
          JsonNode output =
              context.callSubOrchestrator(orchestrator, given.get("orchestratorInput"), JsonNode.class).await();
          return object("activity", result, "orchestrator", output);
        });
  }

  private void addFailures() {
    orchestrator(
        "retry",
        JsonNode.class,
        (context, given) -> {
          TaskOptions options = retry(given.get("attempts").asInt());
          return context.callActivity(named("flaky"), withoutAttempts(given), options, Integer.class).await();
        });
    orchestrator(
        "retry_child",
        JsonNode.class,
        (context, given) -> {
          TaskOptions options = retry(given.get("attempts").asInt());
          Object input = withoutAttempts(given);
          return context.callSubOrchestrator(named("flaky_child"), input, null, options, Integer.class).await();
        });
    orchestrator(
        "flaky_child",
        JsonNode.class,
        (context, given) -> context.callActivity(named("flaky"), given, Integer.class).await());
    orchestrator(
        "throw",
        String.class,
        (context, message) -> {
          throw new InteropError(message);
        });
    orchestrator(
        "fail_through",
        String.class,
        (context, message) -> context.callActivity(named("fail"), message, JsonNode.class).await());
    orchestrator(
        "fail_caught",
        String.class,
        (context, message) -> {
          try {
            context.callActivity(named("fail"), message).await();
            return null;
          } catch (TaskFailedException error) {
            FailureDetails details = error.getErrorDetails();
            return object("type", details.getErrorType(), "message", details.getErrorMessage());
          }
        });
  }

  private static Object withoutAttempts(JsonNode given) {
    return object("key", given.get("key"), "failures", given.get("failures"));
  }
}

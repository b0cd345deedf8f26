package perdure.interop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.durabletask.DurableTaskClient;
import com.microsoft.durabletask.FailureDetails;
import com.microsoft.durabletask.NewOrchestrationInstanceOptions;
import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.OrchestrationRuntimeStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** What the scenarios are written with: ids, waits that end, and exact comparisons. */
final class Checks {
  private static final Duration WAIT = Duration.ofSeconds(20);
  private static final long POLL_MS = 25;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final String RUN =
      Long.toString(System.currentTimeMillis(), 36) + Long.toString(ProcessHandle.current().pid(), 36);

  /** What the SDK of a worker has besides the basics. */
  private record Traits(String errorType, boolean hidesErrorType, Set<String> extras) {}

  private static final Set<String> EVERYTHING = Set.of("event_name_case", "carried_events", "send_event", "version");
  private static final Map<String, Traits> WORKERS =
      Map.of(
          "js", new Traits("InteropError", false, EVERYTHING),
          "py", new Traits("functions.InteropError", false, EVERYTHING),
          "java", new Traits("perdure.interop.InteropError", false, Set.of("send_event")),
          "go", new Traits("main.InteropError", true, Set.of("event_name_case", "carried_events")));

  final DurableTaskClient client;
  private final String prefix;
  private final String other;
  private final String scenario;
  private final Traits worker;

  Checks(DurableTaskClient client, String prefix, String other, String scenario) {
    this.client = client;
    this.prefix = prefix;
    this.other = other;
    this.scenario = scenario;
    worker = WORKERS.get(prefix);
  }

  boolean workerHas(String extra) {
    return worker.extras.contains(extra);
  }

  String errorType() {
    return worker.errorType;
  }

  /** How an orchestrator of the worker sees the type of an activity's InteropError. */
  String caughtType() {
    return worker.hidesErrorType ? null : worker.errorType;
  }

  String name(String name) {
    return prefix + "_" + name;
  }

  String otherName(String name) {
    return other + "_" + name;
  }

  String newId() {
    return String.join("-", "java", prefix, RUN, scenario, String.valueOf(COUNT.incrementAndGet()));
  }

  String start(String name) {
    return start(name, new NewOrchestrationInstanceOptions().setInstanceId(newId()));
  }

  String start(String name, Object input) {
    return start(name, new NewOrchestrationInstanceOptions().setInput(input).setInstanceId(newId()));
  }

  String start(String name, NewOrchestrationInstanceOptions options) {
    String id = client.scheduleNewOrchestrationInstance(name(name), options);
    equal(id, options.getInstanceId(), "the id in the reply");
    return id;
  }

  OrchestrationMetadata started(String id) throws TimeoutException {
    return present(client.waitForInstanceStart(id, WAIT), id);
  }

  OrchestrationMetadata ended(String id) throws TimeoutException {
    return present(client.waitForInstanceCompletion(id, WAIT, true), id);
  }

  OrchestrationMetadata state(String id) {
    return present(client.getInstanceMetadata(id, true), id);
  }

  boolean exists(String id) {
    OrchestrationMetadata state = client.getInstanceMetadata(id, true);
    return state != null && state.isInstanceFound();
  }

  OrchestrationMetadata completes(String id, String output) throws TimeoutException {
    OrchestrationMetadata state = ended(id);
    hasStatus(state, OrchestrationRuntimeStatus.COMPLETED);
    equal(parse(state.getSerializedOutput()), parse(output), "output");
    return state;
  }

  FailureDetails fails(String id) throws TimeoutException {
    OrchestrationMetadata state = ended(id);
    hasStatus(state, OrchestrationRuntimeStatus.FAILED);
    if (state.getFailureDetails() == null) {
      throw new AssertionError("there are no failure details");
    }
    return state.getFailureDetails();
  }

  void hasStatus(OrchestrationMetadata state, OrchestrationRuntimeStatus status) {
    if (state.getRuntimeStatus() == status) {
      return;
    }
    FailureDetails details = state.getFailureDetails();
    String detail = details == null ? "" : " (" + details.getErrorMessage() + ")";
    throw new AssertionError("status is " + state.getRuntimeStatus() + detail + ", not " + status);
  }

  private static OrchestrationMetadata present(OrchestrationMetadata state, String id) {
    if (state == null || !state.isInstanceFound()) {
      throw new AssertionError("there is no instance " + id);
    }
    return state;
  }

  static JsonNode parse(String json) {
    try {
      return json == null || json.isEmpty() ? JSON.nullNode() : JSON.readTree(json);
    } catch (JsonProcessingException error) {
      throw new AssertionError("not JSON: " + json);
    }
  }

  static String quote(String text) {
    return JSON.getNodeFactory().textNode(text).toString();
  }

  static void equal(Object actual, Object expected, String what) {
    if (expected == null ? actual != null : !expected.equals(actual)) {
      throw new AssertionError(what + " is " + shorten(actual) + ", not " + shorten(expected));
    }
  }

  private static String shorten(Object value) {
    String text = String.valueOf(value);
    return text.length() <= 300 ? text : text.substring(0, 300) + "…";
  }

  static void includes(String text, String part, String what) {
    if (text == null || !text.contains(part)) {
      throw new AssertionError(what + " is \"" + text + "\", without \"" + part + "\"");
    }
  }

  /** Asks until the answer is the expected one. */
  static void eventually(Callable<Object> ask, Object expected, String what) throws Exception {
    long deadline = System.nanoTime() + WAIT.toNanos();
    for (; ; ) {
      Object actual = ask.call();
      if (expected.equals(actual)) {
        return;
      }
      if (System.nanoTime() > deadline) {
        equal(actual, expected, what);
      }
      Thread.sleep(POLL_MS);
    }
  }

  static void rejects(Runnable action, Status.Code code, String what) {
    try {
      action.run();
    } catch (StatusRuntimeException error) {
      equal(error.getStatus().getCode(), code, "gRPC status of " + what);
      return;
    }
    throw new AssertionError(what + " was not refused");
  }
}

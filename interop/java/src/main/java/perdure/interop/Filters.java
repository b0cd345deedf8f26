package perdure.interop;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.MethodDescriptor;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/**
 * Adds work item filters to the request for work. The protocol has them and this SDK does not, so a plain worker of it
 * is handed the functions of every language in the hub. The SDK itself stays as it is: this is a channel's interceptor.
 */
final class Filters implements ClientInterceptor {
  private static final int WORK_ITEM_FILTERS = 11;
  private static final int ORCHESTRATIONS = 1;
  private static final int ACTIVITIES = 2;
  private static final int NAME = 1;

  /** Opens when the worker has asked for work. */
  final CountDownLatch asked = new CountDownLatch(1);

  private final UnknownFieldSet filters;

  Filters(Set<String> orchestrators, Set<String> activities) {
    UnknownFieldSet.Builder names = UnknownFieldSet.newBuilder();
    add(names, ORCHESTRATIONS, orchestrators);
    add(names, ACTIVITIES, activities);
    filters = bytes(WORK_ITEM_FILTERS, names.build().toByteString());
  }

  private static void add(UnknownFieldSet.Builder filters, int kind, Set<String> names) {
    UnknownFieldSet.Field.Builder entries = UnknownFieldSet.Field.newBuilder();
    for (String name : names) {
      entries.addLengthDelimited(bytes(NAME, ByteString.copyFromUtf8(name)).toByteString());
    }
    filters.addField(kind, entries.build());
  }

  private static UnknownFieldSet bytes(int number, ByteString value) {
    UnknownFieldSet.Field field = UnknownFieldSet.Field.newBuilder().addLengthDelimited(value).build();
    return UnknownFieldSet.newBuilder().addField(number, field).build();
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    ClientCall<Q, A> call = next.newCall(method, options);
    if (!"GetWorkItems".equals(method.getBareMethodName())) {
      return call;
    }
    return new SimpleForwardingClientCall<>(call) {
      @Override
      @SuppressWarnings("unchecked")
      public void sendMessage(Q request) {
        super.sendMessage((Q) ((Message) request).toBuilder().setUnknownFields(filters).build());
        asked.countDown();
      }
    };
  }
}

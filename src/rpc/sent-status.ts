/** The last thing that happens to a status before the gRPC library encodes it. */
import * as grpc from "@grpc/grpc-js";

/**
 * Success has no message (ERR-01), for which the library would say "OK". Any other message is made text that UTF-8 has:
 * half a surrogate pair would make the library throw where nobody can catch it.
 */
const responder = new grpc.ResponderBuilder()
  .withSendStatus((status, next) =>
    next({ ...status, details: status.code === grpc.status.OK ? "" : status.details.toWellFormed() }),
  )
  .build();

/** Interceptor for `grpc.Server`. */
export const sentStatus: grpc.ServerInterceptor = (_method, call) => new grpc.ServerInterceptingCall(call, responder);

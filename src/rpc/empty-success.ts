/** Success has no status message (ERR-01); the gRPC library would say "OK". */
import * as grpc from "@grpc/grpc-js";

const responder = new grpc.ResponderBuilder()
  .withSendStatus((status, next) => next(status.code === grpc.status.OK ? { ...status, details: "" } : status))
  .build();

/** Interceptor for `grpc.Server`. */
export const emptySuccess: grpc.ServerInterceptor = (_method, call) => new grpc.ServerInterceptingCall(call, responder);

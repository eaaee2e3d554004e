/** Services of libraries that are loaded by the first call to them, not at start. */
import * as grpc from "@grpc/grpc-js";
import { codeName, type Status } from "../base/status.js";
import type { RunningStream } from "../rpc/context.js";
import { byteMethod, type Streaming } from "../rpc/method.js";
import { statusText } from "../rpc/status-text.js";

/** A library's service as it would be added to a server. */
export interface LoadedService {
  readonly definition: grpc.ServiceDefinition;
  readonly handlers: grpc.UntypedServiceImplementation;
}

type AnyCall = grpc.ServerUnaryCall<unknown, unknown> & grpc.ServerDuplexStream<unknown, unknown>;
type Handler = (call: AnyCall, callback?: grpc.sendUnaryData<unknown>) => void;

/**
 * Adds `name` with `methods` to `server`; `load` runs at the first call to any of them. Calls that stream answers are in
 * `streams` while they run.
 */
export function addLazyService(
  server: grpc.Server,
  name: string,
  methods: Readonly<Record<string, Streaming>>,
  load: () => Promise<LoadedService>,
  streams: Set<RunningStream>,
): void {
  let loading: Promise<LoadedService> | undefined;
  const definition: Record<string, grpc.MethodDefinition<Buffer, Buffer>> = {};
  const handlers: Record<string, grpc.UntypedHandleCall> = {};
  for (const [method, streaming] of Object.entries(methods)) {
    definition[method] = byteMethod(name, method, streaming);
    const handler = (call: AnyCall, callback?: grpc.sendUnaryData<Buffer>): void => {
      if (streaming === "both") call.pause();
      if (callback === undefined) enlist(call, streams);
      loading ??= load();
      loading.then(
        (loaded) => forward(loaded, method, call, callback),
        (error: unknown) => refuse(call, grpc.status.INTERNAL, error, callback),
      );
    };
    handlers[method] = handler as grpc.UntypedHandleCall; // the union of all call kinds, which no one function has
  }
  server.addService(definition, handlers);
}

/** Keeps `call` in `streams` until it ends. */
function enlist(call: AnyCall, streams: Set<RunningStream>): void {
  const running = {
    end: ({ code, message }: Status) => {
      if (streams.delete(running)) call.emit("error", { code: grpc.status[codeName(code)], details: message });
    },
  };
  streams.add(running);
  for (const event of ["finish", "cancelled", "error"]) call.once(event, () => streams.delete(running));
}

function forward(loaded: LoadedService, method: string, call: AnyCall, callback?: grpc.sendUnaryData<Buffer>): void {
  const types = loaded.definition[method];
  const name = types?.originalName ?? method; // libraries name handlers either way, as grpc.Server takes both
  const handler = (loaded.handlers[method] ?? loaded.handlers[name]) as Handler | undefined; // gRPC's own type of handlers is a union that cannot be called
  if (types === undefined || handler === undefined) throw new Error(`the library has no method ${method}`);
  if (types.requestStream) {
    handler(streaming(call, types));
    call.resume();
    return;
  }
  const request = decoded(types, call.request as Buffer); // a byte method's request
  if (request instanceof Error) refuse(call, grpc.status.INVALID_ARGUMENT, request, callback);
  else if (callback === undefined) handler(streaming(call, types, request.message));
  else
    handler(streaming(call, types, request.message), (error, value, trailer, flags) => {
      const shown = error && Object.assign(error, { details: statusText(error.details ?? "", call) }); // libraries quote what they got
      callback(shown, value === null || value === undefined ? null : types.responseSerialize(value), trailer, flags);
    });
}

/** The message in `bytes`, or why there is none: libraries throw whatever they like. */
function decoded(types: grpc.MethodDefinition<unknown, unknown>, bytes: Buffer): { readonly message: unknown } | Error {
  try {
    return { message: types.requestDeserialize(bytes) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function refuse(call: AnyCall, code: grpc.status, why: unknown, callback?: grpc.sendUnaryData<Buffer>): void {
  const error = { code, details: statusText(why instanceof Error ? why.message : String(why), call) };
  if (callback === undefined) call.emit("error", error);
  else callback(error);
}

/** `call` with the messages the library's handler expects instead of bytes. Who does not read is not answered further. */
function streaming(call: AnyCall, types: grpc.MethodDefinition<unknown, unknown>, request?: unknown): AnyCall {
  const write = (message: unknown): boolean => {
    const more = call.write(types.responseSerialize(message));
    if (!more && types.requestStream) {
      call.pause();
      call.once("drain", () => call.resume());
    }
    return more;
  };
  const receiving = (listener: (message: unknown) => void) => {
    let refused = false;
    return (bytes: Buffer) => {
      if (refused) return;
      const received = decoded(types, bytes);
      refused = received instanceof Error;
      if (received instanceof Error) refuse(call, grpc.status.INVALID_ARGUMENT, received);
      else listener(received.message);
    };
  };
  return new Proxy(call, {
    get(target, key) {
      if (key === "request") return request;
      if (key === "write") return write;
      if (key === "on")
        return (event: string, listener: (...args: unknown[]) => void) =>
          target.on(event, event === "data" ? receiving(listener) : listener);
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

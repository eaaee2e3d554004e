/** Services of libraries that are loaded by the first call to them, not at start. */
import type * as grpc from "@grpc/grpc-js";
import { byteMethod, type Streaming } from "../rpc/method.js";

/** A library's service as it would be added to a server. */
export interface LoadedService {
  readonly definition: grpc.ServiceDefinition;
  readonly handlers: grpc.UntypedServiceImplementation;
}

type AnyCall = grpc.ServerUnaryCall<unknown, unknown> & grpc.ServerDuplexStream<unknown, unknown>;
type Handler = (call: AnyCall, callback?: grpc.sendUnaryData<unknown>) => void;

/** Adds `name` with `methods` to `server`; `load` runs at the first call to any of them. */
export function addLazyService(
  server: grpc.Server,
  name: string,
  methods: Readonly<Record<string, Streaming>>,
  load: () => Promise<LoadedService>,
): void {
  let loading: Promise<LoadedService> | undefined;
  const definition: Record<string, grpc.MethodDefinition<Buffer, Buffer>> = {};
  const handlers: Record<string, grpc.UntypedHandleCall> = {};
  for (const [method, streaming] of Object.entries(methods)) {
    definition[method] = byteMethod(name, method, streaming);
    const handler = (call: AnyCall, callback?: grpc.sendUnaryData<Buffer>): void => {
      if (streaming === "both") call.pause();
      loading ??= load();
      loading.then(
        (loaded) => forward(loaded, method, call, callback),
        (error: unknown) => call.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    };
    handlers[method] = handler as grpc.UntypedHandleCall; // the union of all call kinds, which no one function has
  }
  server.addService(definition, handlers);
}

function forward(loaded: LoadedService, method: string, call: AnyCall, callback?: grpc.sendUnaryData<Buffer>): void {
  const types = loaded.definition[method];
  const handler = loaded.handlers[method] as Handler | undefined; // gRPC's own type of handlers is a union that cannot be called
  if (types === undefined || handler === undefined) throw new Error(`the library has no method ${method}`);
  const converted = convert(call, types);
  if (callback === undefined) handler(converted);
  else
    handler(converted, (error, value, trailer, flags) => {
      callback(error, value === null || value === undefined ? null : types.responseSerialize(value), trailer, flags);
    });
  if (!types.requestStream) return;
  call.resume();
}

/** `call` with the messages the library's handler expects instead of bytes. */
function convert(call: AnyCall, types: grpc.MethodDefinition<unknown, unknown>): AnyCall {
  return new Proxy(call, {
    get(target, key) {
      if (key === "request") return types.requestDeserialize(target.request as Buffer); // a byte method's request
      if (key === "write") return (message: unknown) => target.write(types.responseSerialize(message));
      if (key === "on")
        return (event: string, listener: (...args: unknown[]) => void) =>
          target.on(event, event === "data" ? (bytes: Buffer) => listener(types.requestDeserialize(bytes)) : listener);
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

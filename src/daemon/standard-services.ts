/** gRPC health and reflection beside P4Runtime; their libraries are loaded when somebody asks. */
import type * as grpc from "@grpc/grpc-js";
import { invariant } from "../base/invariant.js";
import type { Health as HealthConfig } from "../config/config.js";
import { dataplaneName } from "../rpc/dataplane/service.js";
import { p4RuntimeName } from "../rpc/p4runtime/service.js";
import type { RunningStream } from "../rpc/context.js";
import type { HealthService, HealthStatus } from "../telemetry/health.js";
import { withImports } from "./descriptors.js";
import { protoFolder } from "./installation.js";
import { addLazyService, type LoadedService } from "./lazy-service.js";

const reflectionVersions = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/** The services whose health is told; `""` is the server as a whole. */
export const servedNames = ["", p4RuntimeName, dataplaneName] as const;

/** Adds what `config` asks for. @returns where health statuses go */
export function addStandardServices(
  server: grpc.Server,
  config: HealthConfig,
  streams: Set<RunningStream>,
): HealthService {
  const health = new LazyHealth();
  if (config.grpcHealth)
    addLazyService(
      server,
      "grpc.health.v1.Health",
      { Check: "unary", List: "unary", Watch: "server" },
      health.load,
      streams,
    );
  if (config.reflection)
    for (const name of reflectionVersions)
      addLazyService(server, name, { ServerReflectionInfo: "both" }, () => loadReflection(name), streams);
  return health;
}

/** Remembers statuses until the library is there, then hands them on. */
class LazyHealth implements HealthService {
  readonly #statuses: Record<string, HealthStatus> = {};
  #loaded: HealthService | undefined;

  setStatus(service: string, status: HealthStatus): void {
    this.#statuses[service] = status;
    this.#loaded?.setStatus(service, status);
  }

  readonly load = async (): Promise<LoadedService> => {
    const { HealthImplementation } = await import("grpc-health-check");
    const health = new HealthImplementation(this.#statuses);
    this.#loaded = health;
    return captured((server) => health.addToServer(server));
  };
}

async function loadReflection(name: string): Promise<LoadedService> {
  const [{ ReflectionService }, { loadSync }, { default: descriptor }] = await Promise.all([
    import("@grpc/reflection"),
    import("@grpc/proto-loader"),
    import("protobufjs/ext/descriptor.js"),
  ]);
  const files = ["p4/v1/p4runtime.proto", "fourward/dataplane.proto"];
  const definition = loadSync(files, { includeDirs: [protoFolder()] });
  const reflection = new ReflectionService(withImports(definition, descriptor.FileDescriptorProto));
  return captured((server) => reflection.addToServer(server), name);
}

/** What a library adds to a server: the service called `name`, or the only one. */
function captured(add: (server: grpc.Server) => void, name?: string): LoadedService {
  const added: LoadedService[] = [];
  const recorder = {
    addService: (definition: grpc.ServiceDefinition, handlers: grpc.UntypedServiceImplementation) =>
      void added.push({ definition, handlers }),
  };
  add(recorder as unknown as grpc.Server); // libraries call nothing but addService
  const found = added.find(({ definition }) =>
    Object.values(definition).some((method) => name === undefined || method.path.startsWith(`/${name}/`)),
  );
  invariant(found !== undefined, "the library adds its service");
  return found;
}

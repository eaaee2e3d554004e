/** gRPC health and reflection beside P4Runtime; their libraries are loaded when somebody asks. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as grpc from "@grpc/grpc-js";
import { invariant } from "../base/invariant.js";
import type { Health } from "../config/config.js";
import { dataplaneName } from "../rpc/dataplane/service.js";
import { p4RuntimeName } from "../rpc/p4runtime/service.js";
import { addLazyService, type LoadedService } from "./lazy-service.js";

const reflectionVersions = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

export function addStandardServices(server: grpc.Server, health: Health): void {
  if (health.grpcHealth)
    addLazyService(server, "grpc.health.v1.Health", { Check: "unary", List: "unary", Watch: "server" }, loadHealth);
  if (!health.reflection) return;
  for (const name of reflectionVersions)
    addLazyService(server, name, { ServerReflectionInfo: "both" }, () => loadReflection(name));
}

async function loadHealth(): Promise<LoadedService> {
  const { HealthImplementation } = await import("grpc-health-check");
  const health = new HealthImplementation({ "": "SERVING", [p4RuntimeName]: "SERVING", [dataplaneName]: "SERVING" });
  return captured((server) => health.addToServer(server));
}

async function loadReflection(name: string): Promise<LoadedService> {
  const [{ ReflectionService }, { loadSync }] = await Promise.all([
    import("@grpc/reflection"),
    import("@grpc/proto-loader"),
  ]);
  const files = ["p4/v1/p4runtime.proto", "fourward/dataplane.proto"];
  const reflection = new ReflectionService(loadSync(files, { includeDirs: [protoFolder()] }));
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

/** The `proto/` folder of this installation, above the compiled code. */
function protoFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "proto", "p4")) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, "proto");
}

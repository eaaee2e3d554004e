/** Descriptors of our `.proto` files, for reflection. */
import { invariant } from "../base/invariant.js";
import type { PackageDefinition } from "@grpc/proto-loader";
import type { IDescriptorProto, IFileDescriptorProto } from "protobufjs/ext/descriptor.js";

interface FileCodec {
  decode(bytes: Uint8Array): object;
  encode(file: object): { finish(): Uint8Array };
}

/**
 * `definition` with the imports of each file filled in. protobufjs leaves them out of the descriptors that it makes, and
 * a client cannot link files without.
 */
export function withImports(definition: PackageDefinition, codec: FileCodec): PackageDefinition {
  const linked = new Map<string, Buffer>();
  const link = (bytes: readonly Buffer[]): Buffer[] => {
    const files = bytes.map((each): IFileDescriptorProto => codec.decode(each));
    const homes = homesOf(files);
    for (const file of files) {
      const name = file.name ?? "";
      if (linked.has(name)) continue;
      file.dependency = importsOf(file, homes);
      linked.set(name, Buffer.from(codec.encode(file).finish()));
    }
    return files.map(({ name }) => linked.get(name ?? "") ?? Buffer.alloc(0));
  };
  return Object.fromEntries(
    Object.entries(definition).map(([name, entry]) => {
      // A service is a map of methods; reflection takes its file from the messages.
      return "fileDescriptorProtos" in entry && Array.isArray(entry.fileDescriptorProtos)
        ? [name, { ...entry, fileDescriptorProtos: link(entry.fileDescriptorProtos) }]
        : [name, entry];
    }),
  ) as PackageDefinition; // the same entries, one field of each replaced by its like
}

/** The file of each message and enum, by full name. */
function homesOf(files: readonly IFileDescriptorProto[]): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  for (const { name = "", package: scope = "", messageType, enumType } of files) {
    const add = (outer: string, messages: readonly IDescriptorProto[], enums: readonly { name?: string | null }[]) => {
      for (const one of enums) homes.set(joined(outer, one.name ?? ""), name);
      for (const message of messages) {
        const inner = joined(outer, message.name ?? "");
        homes.set(inner, name);
        add(inner, message.nestedType ?? [], message.enumType ?? []);
      }
    };
    add(scope, messageType ?? [], enumType ?? []);
  }
  return homes;
}

function importsOf(file: IFileDescriptorProto, homes: ReadonlyMap<string, string>): string[] {
  const imports = new Set<string>();
  const use = (reference: string | null | undefined, scope: string) => {
    if (reference) imports.add(resolve(reference, scope, homes));
  };
  const visit = (messages: readonly IDescriptorProto[], outer: string) => {
    for (const message of messages) {
      const scope = joined(outer, message.name ?? "");
      for (const field of message.field ?? []) use(field.typeName, scope);
      visit(message.nestedType ?? [], scope);
    }
  };
  const scope = file.package ?? "";
  visit(file.messageType ?? [], scope);
  for (const { method } of file.service ?? [])
    for (const { inputType, outputType } of method ?? []) {
      use(inputType, scope);
      use(outputType, scope);
    }
  imports.delete(file.name ?? "");
  return [...imports];
}

/** The file that declares `reference` as seen from `scope`: absolute, or relative to it or what is around it. */
function resolve(reference: string, scope: string, homes: ReadonlyMap<string, string>): string {
  if (!reference.startsWith("."))
    for (let around = scope; around !== ""; around = around.slice(0, Math.max(0, around.lastIndexOf(".")))) {
      const home = homes.get(joined(around, reference));
      if (home !== undefined) return home;
    }
  const home = homes.get(reference.replace(/^\./, ""));
  invariant(home !== undefined, `${reference}, used in ${scope}, is declared in a file that was loaded`);
  return home;
}

function joined(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}

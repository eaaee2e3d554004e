/** What the files below `proto/` compile to, in the shape of the published contract. */

import { join } from "node:path";
import protobuf from "protobufjs";
import { root as checkout } from "./repository.js";
import type { Contract, ContractField, ContractMessage } from "./wire-contract.js";

/** A field as we compile it; `optional` marks a scalar whose presence is explicit. */
export interface CompiledField extends ContractField {
  readonly optional?: true;
}

/** Everything that `files`, relative to `proto/`, and their imports define. */
export function compileProtos(files: readonly string[]): Contract {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(checkout, "proto", target);
  root.loadSync([...files], { keepCase: true }).resolveAll();
  const compiled: Contract = { messages: {}, enums: {}, services: {} };
  describe(root, compiled);
  return compiled;
}

function describe(object: protobuf.ReflectionObject, into: Contract): void {
  const name = object.fullName.slice(1);
  if (object instanceof protobuf.Type) into.messages[name] = { fields: describeFields(object, into) };
  else if (object instanceof protobuf.Enum) into.enums[name] = { ...object.values };
  else if (object instanceof protobuf.Service)
    into.services[name] = Object.fromEntries(
      object.methodsArray.map((method) => [method.name, describeMethod(method)]),
    );
  if (object instanceof protobuf.Namespace) for (const inner of object.nestedArray) describe(inner, into);
}

function describeFields(type: protobuf.Type, into: Contract): ContractMessage["fields"] {
  const fields: Record<string, CompiledField> = {};
  for (const field of type.fieldsArray) {
    const explicit = field.partOf?.isProto3Optional === true;
    fields[field.name] = {
      number: field.id,
      type: field instanceof protobuf.MapField ? describeEntry(type, field, into) : typeName(field),
      ...(field.repeated || field.map ? { repeated: true } : {}),
      ...(field.partOf && !explicit ? { oneof: field.partOf.name } : {}),
      ...(explicit ? { optional: true } : {}),
      ...(field.options?.["deprecated"] === true ? { deprecated: true } : {}),
    };
  }
  return fields;
}

/** Adds the entry message that a map field stands for. Returns its name. */
function describeEntry(type: protobuf.Type, field: protobuf.MapField, into: Contract): string {
  const camel = field.name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const name = `${type.fullName.slice(1)}.${camel}Entry`;
  into.messages[name] = {
    mapEntry: true,
    fields: { key: { number: 1, type: field.keyType }, value: { number: 2, type: typeName(field) } },
  };
  return name;
}

function typeName(field: Pick<protobuf.FieldBase, "resolvedType" | "type">): string {
  return field.resolvedType?.fullName.slice(1) ?? field.type;
}

function describeMethod(method: protobuf.Method): Contract["services"][string][string] {
  return {
    request: method.resolvedRequestType?.fullName.slice(1) ?? method.requestType,
    response: method.resolvedResponseType?.fullName.slice(1) ?? method.responseType,
    ...(method.requestStream === true ? { clientStreaming: true } : {}),
    ...(method.responseStream === true ? { serverStreaming: true } : {}),
  };
}

/** The generated module by the names of the contract, and random messages for it. */

import fc from "fast-check";
import Long from "long";
import * as generated from "../../src/wire/gen/proto.js";
import { defined, invariant } from "../../src/base/invariant.js";
import { fromLong, toLong } from "../../src/wire/int64.js";
import { wireContract, type ContractField } from "./wire-contract.js";

export type Properties = Record<string, unknown>;

/** What every generated message class offers. */
export interface GeneratedType {
  readonly encode: (message: Properties) => { finish(): Uint8Array };
  readonly decode: (bytes: Uint8Array) => Properties;
}

/** The generated class of the message `name`, such as `p4.v1.Update`. */
export function generatedType(name: string): GeneratedType {
  let found: unknown = generated;
  for (const part of name.split(".")) found = Reflect.get(Object(found) as object, part);
  invariant(typeof found === "function" && "encode" in found && "decode" in found, `${name} is a generated message`);
  return found as unknown as GeneratedType;
}

/** The generated property for field `field` of `message`; the well-known types keep the names of their protos. */
export function propertyName(message: string, field: string): string {
  if (message.startsWith("google.protobuf.")) return field;
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Random messages of type `name`, at most `depth` levels of messages inside it.
 * Scalars without presence never hold their default, because the wire does not tell it from unset.
 */
export function messages(name: string, depth: number): fc.Arbitrary<Properties> {
  const { fields } = defined(wireContract.messages[name], `${name} is in the contract`);
  const alternatives = new Map<string, fc.Arbitrary<Properties>[]>();
  for (const [fieldName, field] of Object.entries(fields)) {
    if (depth === 0 && field.type in wireContract.messages) continue;
    const property = propertyName(name, fieldName);
    const one = values(field, depth).map((value) => ({ [property]: value }));
    const group = field.oneof ?? `.${fieldName}`;
    alternatives.set(group, [...(alternatives.get(group) ?? []), one]);
  }
  const parts = [...alternatives.values()].map((ones) => fc.option(fc.oneof(...ones), { nil: {}, freq: 2 }));
  return fc.tuple(...parts).map((set): Properties => Object.assign({}, ...set) as Properties);
}

function values(field: ContractField, depth: number): fc.Arbitrary<unknown> {
  const entry = wireContract.messages[field.type];
  if (entry?.mapEntry) {
    const value = values({ ...defined(entry.fields["value"], "a map entry has a value"), oneof: "value" }, depth);
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), value, { minKeys: 1, maxKeys: 2 });
  }
  const explicit = field.oneof !== undefined || field.repeated === true;
  const one = entry ? messages(field.type, depth - 1) : scalars(field.type, explicit);
  return field.repeated ? fc.array(one, { minLength: 1, maxLength: 2 }) : one;
}

function scalars(type: string, withDefault: boolean): fc.Arbitrary<unknown> {
  const least = withDefault ? 0 : 1;
  const nonZero = (value: number | bigint) => withDefault || (value !== 0 && value !== 0n);
  switch (type) {
    case "bool":
      return withDefault ? fc.boolean() : fc.constant(true);
    case "int32":
      return fc.integer().filter(nonZero);
    case "uint32":
      return fc.integer({ min: least, max: 0xffff_ffff });
    case "int64":
      return fc
        .bigInt(-(2n ** 63n), 2n ** 63n - 1n)
        .filter(nonZero)
        .map((value) => toLong(value, type));
    case "uint64":
      return fc.bigInt(BigInt(least), 2n ** 64n - 1n).map((value) => toLong(value, type));
    case "string":
      return fc.string({ unit: "binary", minLength: least, maxLength: 8 });
    case "bytes":
      return fc.uint8Array({ minLength: least, maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    default: {
      const numbers = Object.values(defined(wireContract.enums[type], `${type} is an enum of the contract`));
      return fc.constantFrom(...numbers, 1000).filter(nonZero);
    }
  }
}

/** A message of type `name` without classes, views, 64-bit objects and empty lists: equal messages become deeply equal. */
export function plainMessage(name: string, message: Properties): Properties {
  const { fields } = defined(wireContract.messages[name], `${name} is in the contract`);
  const plain: Properties = {};
  for (const [fieldName, field] of Object.entries(fields)) {
    const property = propertyName(name, fieldName);
    if (!Object.hasOwn(message, property)) continue;
    const value = message[property];
    const isMap = wireContract.messages[field.type]?.mapEntry === true;
    if (field.repeated && Object.keys(Object(value) as object).length === 0) continue;
    plain[property] = isMap ? plainMap(field.type, value as Properties) : plainValue(field.type, value);
  }
  return plain;
}

function plainMap(entry: string, map: Properties): Properties {
  const type = defined(wireContract.messages[entry]?.fields["value"], "a map entry has a value").type;
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, plainValue(type, value)]));
}

function plainValue(type: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => plainValue(type, one));
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (Long.isLong(value)) return fromLong(value);
  return type in wireContract.messages ? plainMessage(type, value as Properties) : value;
}

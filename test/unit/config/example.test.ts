import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { defaultConfig, defaultKernelDatapath } from "../../../src/config/defaults.js";
import { readDocument } from "../../../src/config/document.js";
import { loadConfig, parseConfig } from "../../../src/config/load.js";
import { fileSchema } from "../../../src/config/schema.js";

const example = "config/p4rtd.example.yaml";
const kernelExample = "config/p4rtd.kernel.yaml";

/** The file with every key that is off turned on. */
async function everythingOn(file = example): Promise<string> {
  return (await readFile(file, "utf8")).replaceAll(/^( *)#(?=[^ \n])/gm, "$1");
}

/** The key paths of a schema, `*` for list elements and for keys of the operator's. */
function schemaPaths(schema: unknown, path: string): string[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.def.shape).flatMap(([key, inner]) => {
      const name = path === "" ? key : `${path}.${key}`;
      return key === "kind" ? [] : [name, ...schemaPaths(inner, name)]; // `kind` is not a key of the file
    });
  }
  if (schema instanceof z.ZodArray) return schemaPaths(schema.def.element, `${path}.*`);
  if (schema instanceof z.ZodRecord) return schemaPaths(schema.def.valueType, `${path}.*`);
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap((option) => schemaPaths(option, path));
  if (schema instanceof z.ZodPipe) return [schema.def.in, schema.def.out].flatMap((side) => schemaPaths(side, path));
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return wraps ? schemaPaths(schema.def.innerType, path) : [];
}

/** The key paths of a document, likewise. */
function documentPaths(value: unknown, path: string, wanted: ReadonlySet<string>): string[] {
  if (Array.isArray(value)) return value.flatMap((part) => documentPaths(part, `${path}.*`, wanted));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const named = path === "" ? key : `${path}.${key}`;
    const name = wanted.has(named) ? named : `${path}.*`;
    return [name, ...documentPaths(part, name, wanted)];
  });
}

describe("the example configuration", () => {
  it("is the defaults as it stands", async () => {
    assert.deepEqual(await loadConfig(example), defaultConfig);
  });

  it("is valid with every key turned on", async () => {
    const config = await parseConfig(Buffer.from(await everythingOn()), example);
    assert.equal(config.listeners.length, 2);
    assert.deepEqual(config.telemetry.prometheus, { listen: { address: "127.0.0.1", port: 9560 } });
  });

  it("names every key of the schema but those that only the kernel datapath has", async () => {
    const wanted = new Set(schemaPaths(fileSchema, ""));
    const { value } = readDocument(await everythingOn());
    const named = new Set(documentPaths(value, "", wanted));
    assert.ok(wanted.has("listeners.*.unix") && wanted.has("punt.policers.per_port.pps"), "the schema was walked");
    assert.deepEqual(
      [...wanted].filter((path) => !named.has(path)),
      kernelKeys,
    );
  });
});

const kernelKeys = [
  ...["attach", "netns", "max_rules", "punt_ring"].map((key) => `devices.*.datapath.${key}`),
  "interfaces.*.netdev",
];

describe("the example configuration of a whitebox", () => {
  it("has the defaults of the kernel datapath as it stands", async () => {
    const config = await loadConfig(kernelExample);
    assert.deepEqual(
      config.devices.map(({ datapath }) => datapath),
      [defaultKernelDatapath],
    );
  });

  it("has ports of both types, with policers for each and for all", async () => {
    const { interfaces, punt } = await loadConfig(kernelExample);
    assert.deepEqual(
      interfaces.map((each) => each.type !== "virtual" && [each.netdev, each.type]),
      [...[1, 2, 3, 4].map((port) => [`swp${port}`, "netdev"]), ["tap5", "tap"]],
    );
    assert.ok(punt.policers.perPort !== undefined && punt.policers.deviceTotal !== undefined);
  });

  it("is valid with every key turned on, and names every key that only the kernel datapath has", async () => {
    const yaml = await everythingOn(kernelExample);
    const { devices } = await parseConfig(Buffer.from(yaml), kernelExample);
    assert.deepEqual(devices[0]?.datapath, { ...defaultKernelDatapath, netns: "/run/netns/switch" });
    const wanted = new Set(schemaPaths(fileSchema, ""));
    const named = new Set(documentPaths(readDocument(yaml).value, "", wanted));
    assert.deepEqual(
      kernelKeys.filter((path) => !named.has(path)),
      [],
    );
  });
});

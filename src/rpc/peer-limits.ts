/** How many bytes of trailers a peer takes. */
import type * as grpc from "@grpc/grpc-js";

/** What C-core clients announce by default; they take half of it (AMB-63). */
const cCoreAnnounced = 16_384;
const cCoreBudget = 8 * 1024;
/** With another limit they announce 5/4 of it, and refuse at random what lies between. */
const cCoreShare = 4 / 5;
/** grpc-js hangs to its deadline above 64 KiB, whatever it announces. */
const grpcJsBudget = 48 * 1024;
const maxBudget = 4 * 1024 * 1024;

/** Bytes of trailers, as encoded for the wire, that the peer of `call` takes. */
export function trailerBudget(call: { readonly metadata: grpc.Metadata }): number {
  const agent = String(call.metadata.get("user-agent")[0] ?? "");
  if (/\bgrpc-node-js\b/.test(agent)) return grpcJsBudget;
  const announced = announcedHeaderList(call);
  if (announced === undefined || announced <= cCoreAnnounced) return Math.min(cCoreBudget, announced ?? cCoreBudget);
  const taken = /\bgrpc-c\//.test(agent) ? Math.floor(announced * cCoreShare) : announced;
  return Math.min(taken, maxBudget);
}

/**
 * SETTINGS_MAX_HEADER_LIST_SIZE of the peer, 2 ** 32 - 1 if it announces none; undefined if the library does not let us
 * see it.
 */
export function announcedHeaderList(call: object): number | undefined {
  const size = lookUp(lookUp(sessionOf(call), "remoteSettings"), "maxHeaderListSize");
  return typeof size === "number" ? size : undefined;
}

/** The HTTP/2 session of a call; undefined if the library does not let us see it. */
export function sessionOf(call: object): object | undefined {
  let at: unknown = call;
  for (let depth = 0; depth < 6 && isObject(at); depth++) {
    const session = lookUp(lookUp(at, "stream"), "session");
    if (isObject(session)) return session;
    at = lookUp(at, "call") ?? lookUp(at, "nextCall");
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function lookUp(value: unknown, key: string): unknown {
  return isObject(value) ? Reflect.get(value, key) : undefined;
}

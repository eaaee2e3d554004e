/** A source of frames that is as fast as a packet socket. */
import { join } from "node:path";
import { root } from "../support/repository.js";
import { run } from "../support/commands.js";
import { at, type Neighbourhood } from "./neighbourhood.js";
import { Program } from "./program.js";

export interface FloodOptions {
  readonly ttl: number;
  /** Frames per second; 0: as many as it can. */
  readonly rate: number;
  readonly bytes: number;
}

/** Sends UDP frames from the left host to the right one until it is disposed of. @see bench/native/flood.c */
export function flood(lab: Neighbourhood, { ttl, rate, bytes }: FloodOptions): Program {
  const program = lab.folder.at("flood");
  run("gcc", ["-O2", "-o", program, join(root, "bench/native/flood.c")]);
  const endless = `${2 ** 40}`;
  return Program.start(lab.left, [program, "eth0", endless, `${rate}`, `${bytes}`, `${ttl}`, at.box.mac]);
}

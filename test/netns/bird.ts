/** BIRD 2 as the left host's and the box's router. */
import { writeFileSync } from "node:fs";
import { run } from "../support/commands.js";
import { type Namespace } from "../support/namespace.js";
import { until } from "../support/until.js";
import type { Neighbourhood } from "./neighbourhood.js";
import { Program } from "./program.js";

/** Seconds without a keepalive after which a BGP session is over. @see RFC 4271 §4.2 */
export const holdSeconds = 3;

export interface BirdOptions {
  readonly role: string;
  readonly namespace: Namespace;
  readonly routerId: string;
  /** The end of `protocol …` sections of its own. */
  readonly protocols: string;
}

/** One protocol of BIRD as `birdc show protocols` has it. */
export interface Session {
  /** When its state was entered, to the millisecond. */
  readonly since: string;
  /** What it says of its state, such as `Established`. */
  readonly info: string;
}

export class Bird {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts BIRD; it is ended with the neighbourhood. */
  static async start(lab: Neighbourhood, { role, namespace, routerId, protocols }: BirdOptions): Promise<Bird> {
    const [config, socket] = [lab.folder.at(`${role}.conf`), lab.folder.at(`${role}.ctl`)];
    const base = `router id ${routerId};\ntimeformat protocol iso long ms;\nprotocol device {}\nprotocol direct { ipv4; }\n`;
    writeFileSync(config, `${base}${protocols}`);
    const program = lab.use(Program.start(namespace, ["bird", "-f", "-c", config, "-s", socket]));
    const bird = new Bird(socket);
    await until(`BIRD of ${role} answers`, () => bird.#answers(program));
    return bird;
  }

  session(name: string): Session {
    const line = this.#ask("show", "protocols", name)
      .split("\n")
      .find((each) => each.startsWith(`${name} `));
    const [, , , , date = "", time = "", ...info] = (line ?? "").trim().split(/\s+/);
    return { since: `${date} ${time}`, info: info.join(" ") };
  }

  /** What `birdc` prints for a command. */
  #ask(...command: readonly string[]): string {
    return run("birdc", ["-s", this.#socket, ...command]);
  }

  /** Neighbours of an OSPF or BFD protocol by their state, as text. */
  show(...command: readonly string[]): string {
    return this.#ask("show", ...command);
  }

  #answers(program: Program): boolean {
    try {
      return this.#ask("show", "status").includes("up and running");
    } catch (error) {
      if (program.output !== "") throw new Error(program.output, { cause: error });
      return false; // its socket is not there yet
    }
  }
}

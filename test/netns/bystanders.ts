/** Programs of somebody else at a port. */
import { arch } from "node:os";
import { join } from "node:path";
import { defined } from "../../src/base/invariant.js";
import { root } from "../support/repository.js";
import { listed, run } from "../support/commands.js";
import type { Namespace } from "../support/namespace.js";

export const kinds = ["filter", "tcx", "xdp"] as const;
export type Kind = (typeof kinds)[number];

/** Attaches a loaded program by its id to the tcx ingress of a netdev: BPF_PROG_ATTACH, which bpftool lacks before 7.3. */
const attachTcx = `
import ctypes, platform, socket, sys
attach, get_fd, tcx_ingress = 8, 13, 46
call = {"x86_64": 321, "aarch64": 280}[platform.machine()]
def bpf(command, *values):
    attr = (ctypes.c_uint32 * 16)(*values)
    done = ctypes.CDLL(None, use_errno=True).syscall(call, command, attr, ctypes.sizeof(attr))
    if done < 0: sys.exit(f"bpf({command}): errno {ctypes.get_errno()}")
    return done
bpf(attach, socket.if_nametoindex(sys.argv[1]), bpf(get_fd, int(sys.argv[2])), tcx_ingress)
`;

/** Counters of frames by three programs, each of which only its netdev holds. */
export class Bystanders {
  readonly #programs = new Map<Kind, number>();

  /** Compiles and attaches them at the ingress of `netdev`. @param object where the compiled file goes */
  static attach(namespace: Namespace, netdev: string, object: string): Bystanders {
    const headers = `/usr/include/${arch() === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    const source = join(root, "test/netns/bystander.bpf.c");
    run("clang", ["-O2", "-g", "-target", "bpf", `-I${headers}`, "-c", source, "-o", object]);
    const within = (...command: readonly string[]) => namespace.run(...command);
    const filter = (device: string, section: string) => {
      within("tc", "qdisc", "add", "dev", device, "clsact");
      within("tc", "filter", "add", "dev", device, "ingress", "bpf", "da", "obj", object, "sec", section);
    };
    const made = new Bystanders();
    filter(netdev, "tc/filter");
    made.#find("filter");
    filter("lo", "tc/tcx");
    within("python3", "-c", attachTcx, netdev, `${made.#find("tcx")}`);
    within("tc", "qdisc", "del", "dev", "lo", "clsact");
    within("ip", "link", "set", "dev", netdev, "xdpgeneric", "obj", object, "sec", "xdp");
    made.#find("xdp");
    return made;
  }

  /** How many frames each has seen. @throws Error if one is gone */
  seen(): Readonly<Record<Kind, number>> {
    return { filter: this.#seen("filter"), tcx: this.#seen("tcx"), xdp: this.#seen("xdp") };
  }

  #seen(kind: Kind): number {
    const program = defined(this.#programs.get(kind), `${kind} is attached`);
    const wanted = listed("bpftool", ["-j", "prog", "show"]).find(({ id }) => id === program);
    const maps = defined(wanted, `the ${kind} program of somebody else is there`)["map_ids"];
    const [map] = Array.isArray(maps) ? maps.map(Number) : [];
    const [entry] = listed("bpftool", ["-j", "map", "dump", "id", String(map)]);
    const formatted = entry?.["formatted"];
    return typeof formatted === "object" && formatted !== null && "value" in formatted ? Number(formatted.value) : NaN;
  }

  /** The id of the program of this kind that came last. */
  #find(kind: Kind): number {
    const ids = listed("bpftool", ["-j", "prog", "show"])
      .filter(({ name }) => name === `other_${kind}`)
      .map(({ id }) => Number(id));
    const id = Math.max(...ids);
    this.#programs.set(kind, id);
    return id;
  }
}

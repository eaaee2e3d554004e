/** Programs at the ingress of netdevs. */
import { run } from "./commands.js";

/** Prints how many programs a netdev has at its tcx ingress: BPF_PROG_QUERY, which bpftool lacks for tcx before 7.3. */
const tcxPrograms = `
import ctypes, platform, socket, sys
query, tcx_ingress = 16, 46
attr = (ctypes.c_uint32 * 16)(socket.if_nametoindex(sys.argv[1]), tcx_ingress)
call = {"x86_64": 321, "aarch64": 280}[platform.machine()]
failed = ctypes.CDLL(None, use_errno=True).syscall(call, query, attr, ctypes.sizeof(attr)) < 0
print(0 if failed else attr[6])
`;

/** How many programs are at the tcx ingress of a netdev of the network namespace at `path`. */
export function tcxCount(path: string, netdev: string): number {
  return Number(run("nsenter", [`--net=${path}`, "python3", "-c", tcxPrograms, netdev]));
}

/** Whether a program of p4rtd's is at the ingress of a netdev that nobody else has a tcx program at, by tcx or by a filter. */
export function isAttached(path: string, netdev: string): boolean {
  const filters = () => run("nsenter", [`--net=${path}`, "tc", "filter", "show", "dev", netdev, "ingress"]);
  return tcxCount(path, netdev) > 0 || filters().includes("p4rtd");
}
